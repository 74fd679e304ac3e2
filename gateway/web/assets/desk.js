(function () {
  "use strict";
  var began = Date.now(), body = document.body;
  var now = Date.parse(body.dataset.now), speed = Number(body.dataset.speed) || 1;
  var marks = Array.prototype.slice.call(document.querySelectorAll("[data-due]"));
  function two(number) { return (number < 10 ? "0" : "") + number; }
  function words(seconds) {
    var days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24;
    var minutes = Math.floor(seconds / 60) % 60, rest = Math.floor(seconds) % 60;
    if (days) return days + " d " + hours + " h";
    return (hours ? hours + ":" + two(minutes) : minutes) + ":" + two(rest);
  }
  function tick() {
    var here = now + (Date.now() - began) * speed;
    marks.forEach(function (mark) {
      var left = (Date.parse(mark.dataset.due) - here) / 1000;
      mark.textContent = left > 0 ? words(left) + " left" : words(-left) + " over";
      mark.classList.toggle("over", left <= 0);
    });
  }
  var again = document.querySelector("[data-refresh]");
  if (again) setTimeout(function () { location.reload(); }, again.dataset.refresh * 1000);
  if (marks.length) {
    tick();
    setInterval(tick, 1000);
  }
})();

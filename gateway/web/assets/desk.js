(function () {
  "use strict";
  var began = Date.now(), body = document.body;
  var now = Date.parse(body.dataset.now), speed = Number(body.dataset.speed) || 1;
  var marks = [];
  function all(query, of) { return Array.prototype.slice.call((of || document).querySelectorAll(query)); }
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
  marks = all("[data-due]");
  if (marks.length) {
    tick();
    setInterval(tick, 1000);
  }

  // The rest is for queues: live refresh, forms in place, keys. Without it every form works as well.
  var main = document.querySelector("main"), queue = document.querySelector("[data-live]");
  if (!queue || !window.fetch || !window.DOMParser) return;
  var url = queue.dataset.live, title = document.title, last = null;
  function kept(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(name);
      localStorage.setItem(name, value);
    } catch (_) { /* the browser keeps nothing: then the choice holds for this page */ }
    return value;
  }
  function rows() { return all("li.lead", main); }
  function here() { return document.activeElement && document.activeElement.closest("li.lead"); }
  function focusRow(row) {
    if (!row) return;
    row.querySelector(".name").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  function typed() {
    return all("input, textarea, select", main).some(function (one) {
      if (one.type === "hidden") return false;
      if (one.type === "checkbox") return one.checked !== one.defaultChecked;
      if (one.tagName !== "SELECT") return one.value !== one.defaultValue;
      return all("option", one).some(function (option) { return option.selected && !option.defaultSelected && option.index; });
    });
  }
  function say(text, label, act) {
    var note = document.createElement("p"), button;
    all(".changed", main).forEach(function (one) { one.remove(); });
    note.className = "changed told done";
    note.setAttribute("role", "status");
    note.append(text);
    if (label) {
      button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", act);
      note.append(" ", button);
    }
    main.prepend(note);
  }
  function show(html) {
    var page = new DOMParser().parseFromString(html, "text/html"), fresh = page.querySelector("main");
    if (!fresh) return false;
    var opened = all("details[open] > summary", main).map(function (one) { return one.textContent; });
    main.replaceChildren.apply(main, Array.prototype.slice.call(fresh.childNodes));
    all("details > summary", main).forEach(function (one) {
      if (opened.indexOf(one.textContent) >= 0) one.parentNode.open = true;
    });
    title = page.title;
    pulse(last);
    ready();
    return true;
  }
  function refresh() {
    var row = here(), place = row && row.id, index = rows().indexOf(row);
    fetch(location.href, { credentials: "same-origin" }).then(function (answer) {
      return answer.ok ? answer.text() : null;
    }).then(function (html) {
      if (html && show(html) && place) focusRow(document.getElementById(place) || rows()[Math.min(index, rows().length - 1)]);
    }).catch(function () { /* the next change asks again */ });
  }
  function pulse(one) {
    if (!one) return;
    var due = one.new + one.overdue;
    document.title = (due ? "(" + due + ") " : "") + title;
  }
  function changed(one) {
    var before = last;
    last = one;
    pulse(one);
    if (!before || before.stamp === one.stamp) return;
    if (one.new > before.new && kept("leadflow-notify") === "on" && window.Notification && Notification.permission === "granted") {
      new Notification("A new lead", { body: one.new + " new, " + one.overdue + " overdue", tag: "leadflow" });
    }
    if (typed() || main.querySelector(".in-place")) say("The list has changed.", "Show it", refresh);
    else refresh();
  }
  function listen() {
    // A browser opens few streams to one site: one tab listens, and tells the others.
    var channel = window.BroadcastChannel ? new BroadcastChannel("leadflow" + url) : null, leads = false;
    function open() {
      leads = true;
      new EventSource(url).onmessage = function (message) {
        var one = JSON.parse(message.data);
        changed(one);
        if (channel) channel.postMessage(one);
      };
      return new Promise(function () {});
    }
    if (channel) {
      channel.onmessage = function (message) {
        if (message.data !== "hello") changed(message.data);
        else if (leads && last) channel.postMessage(last);
      };
      channel.postMessage("hello");
    }
    if (channel && navigator.locks) navigator.locks.request("leadflow" + url, open);
    else open();
  }
  function send(form, button) {
    var data = new URLSearchParams(new FormData(form, button)), gets = form.method === "get";
    var row = (button && button.closest("li.lead")) || here(), index = rows().indexOf(row);
    var action = button && button.hasAttribute("formaction") ? button.formAction : form.action;
    var target = gets ? action + "?" + data : action;
    form.setAttribute("aria-busy", "true");
    fetch(target, gets ? {} : { method: "POST", body: data }).then(function (answer) {
      return answer.text().then(function (html) {
        if (!show(html)) throw new Error("no page");
        if (gets || answer.redirected) history.replaceState(null, "", answer.url);
        var field = main.querySelector(".in-place select, .in-place input:not([type=hidden]), .in-place textarea");
        if (field) field.focus();
        else if (index >= 0) focusRow(rows()[Math.min(index, rows().length - 1)]);
      });
    }).catch(function () {
      form.removeAttribute("aria-busy");
      say("This was not sent: the desk can't be reached. What you typed is still here; try again.");
    });
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("#acts, #open, .in-place, .told form") || !main.contains(form)) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") !== "true") send(form, event.submitter);
  });
  document.addEventListener("keydown", function (event) {
    var at = event.target, row = here(), list = rows(), to;
    if (event.ctrlKey || event.metaKey || event.altKey || kept("leadflow-keys") === "off") return;
    if (at.matches("textarea, select, input:not([type=checkbox])")) return;
    if (event.key === "j" || event.key === "k") {
      to = list.indexOf(row) + (event.key === "j" ? 1 : -1);
      focusRow(list[Math.max(0, Math.min(to, list.length - 1))]);
    } else if (event.key === "/") {
      document.getElementById("q").focus();
    } else if (row && event.key === "x") {
      row.querySelector("[type=checkbox]").click();
    } else if (row && (event.key === "a" || event.key === "t")) {
      to = row.querySelector("button[value^='" + (event.key === "a" ? "accept " : "touch ") + "']");
      if (to) to.click();
    } else return;
    event.preventDefault();
  });
  function ready() {
    var part = main.querySelector("[data-live]");
    if (!part) return;
    part.hidden = false;
    var keys = part.querySelector(".keys-switch"), notify = part.querySelector(".notify");
    function name() {
      keys.textContent = kept("leadflow-keys") === "off" ? "Turn keys on" : "Turn keys off";
      notify.textContent = kept("leadflow-notify") === "on" ? "No notices any more" : "Notify me of new leads";
    }
    keys.addEventListener("click", function () {
      kept("leadflow-keys", kept("leadflow-keys") === "off" ? "on" : "off");
      name();
    });
    notify.hidden = !window.Notification || Notification.permission === "denied";
    notify.addEventListener("click", function () {
      var on = kept("leadflow-notify") !== "on";
      if (!on) {
        kept("leadflow-notify", "off");
        name();
      } else Notification.requestPermission().then(function (answer) {
        if (answer === "granted") kept("leadflow-notify", "on");
        name();
      });
    });
    name();
  }
  ready();
  listen();
})();

(function () {
  "use strict";
  var script = document.currentScript, base = new URL(script.src).origin;
  var key = "leadflow", query = new URLSearchParams(location.search), token = query.get("lf");
  if (token !== null) {
    query.delete("lf");
    var rest = query.toString();
    history.replaceState(history.state, "", location.pathname + (rest ? "?" + rest : "") + location.hash);
  }
  var refused = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";
  var agreed = !refused && script.dataset.consent === "given";
  function stored(what, value) {
    try { return localStorage[what](key, value); } catch (blocked) { return null; }
  }
  function send(type, subject) {
    if (!agreed) return;
    var known = stored("getItem") || token;
    if (!known) return;
    var body = JSON.stringify({ v: known, type: type, subject: subject.slice(0, 200) });
    if (!navigator.sendBeacon || !navigator.sendBeacon(base + "/w", body)) {
      fetch(base + "/w", { method: "POST", body: body, keepalive: true, mode: "no-cors" });
    }
  }
  function begin() {
    if (token) stored("setItem", token);
    send("page.viewed", location.pathname);
  }
  window.leadflow = {
    consent: function (given) {
      var before = agreed;
      agreed = given === true && !refused;
      if (!agreed) stored("removeItem");
      else if (!before) begin();
    }
  };
  document.addEventListener("submit", function (event) {
    var form = event.target;
    send("form.submitted", form.getAttribute("name") || form.getAttribute("id") || new URL(form.getAttribute("action") || "", location.href).pathname);
  }, true);
  if (agreed) begin();
})();

// How this device wants the page to look, before anything of it is drawn: no white flash in a dark room.
try {
  const look = localStorage.getItem("tkcore.look");
  if (look) document.documentElement.dataset.look = look;
} catch {
  // a browser that keeps nothing looks as the device does
}

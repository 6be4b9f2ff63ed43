// Runs before anything else of a page. performance.now() counts from the start of the navigation.

const charts = () => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
const tiny = document.createElement("canvas");
tiny.width = tiny.height = 64;

// What a chart shows, as a string: some elements of an SVG, or a canvas shrunk to 64 × 64 pixels.
// Only a sample, because looking at everything in every frame would slow down what is measured.
function shown(chart) {
  const svg = chart.querySelector("svg.marks");
  if (svg) {
    const marks = svg.querySelectorAll("path, line, text, image");
    const step = Math.ceil(marks.length / 60);
    return Array.from(marks)
      .filter((_, place) => place % step === 0)
      .map((mark) => mark.outerHTML)
      .join();
  }
  const canvas = chart.querySelector("canvas.marks");
  if (!canvas || !canvas.width) return "";
  const context = tiny.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, 64, 64);
  context.drawImage(canvas, 0, 0, 64, 64);
  const pixels = context.getImageData(0, 0, 64, 64).data;
  return pixels.some((value) => value) ? pixels.join() : "";
}

// Sets window.paintedAt once `there` holds, every picture is decoded and two frames have passed.
function watchFirstPaint(there) {
  const look = async () => {
    if (!there()) return void requestAnimationFrame(look);
    const pictures = [...document.querySelectorAll("svg image")];
    await Promise.allSettled(pictures.map((picture) => picture.decode?.()));
    requestAnimationFrame(() =>
      requestAnimationFrame(() => (window.paintedAt = performance.now()))
    );
  };
  requestAnimationFrame(look);
}

// After the next Enter, window.repaint.changed is the time of the charts' last change so far.
window.watchRepaint = function () {
  const state = (window.repaint = { pressed: null, changed: null, stop: false });
  const present = () => charts().map(shown).join();
  let last = present();
  const pressed = (event) => {
    if (event.key === "Enter") state.pressed ??= performance.now();
  };
  addEventListener("keydown", pressed, { capture: true });
  const look = () => {
    const now = present();
    if (state.pressed !== null && now !== last) state.changed = performance.now();
    last = now;
    if (!state.stop) requestAnimationFrame(look);
    else removeEventListener("keydown", pressed, { capture: true });
  };
  requestAnimationFrame(look);
};

// The picture of a step: it is drawn, a click shows what is in a box, blocks open and close, and it moves and zooms.
const [picture, graph, detail, about] = ["picture", "graph", "detail", "about"].map(id => document.getElementById(id));
const elements = new Map([...document.querySelectorAll("[data-call]")].map(element => [element.dataset.call, element]));

const make = (kind, attributes, parent) => {
  const element = document.createElementNS(picture.namespaceURI, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
};

const [MARGIN, READABLE] = [20, 0.8];  // around the picture; the scale at which its smallest text is still read with ease
let size = [W, H], places = new Map();
function draw() {
  const edges = visibleEdges(), points = new Map(edges.map(edge => [edge.key, []]));
  const [frames, lines, titles] = ["frames", "edges", "titles"].map(id => document.getElementById(id));
  for (const part of [frames, lines, titles]) part.replaceChildren();
  places = new Map();
  for (const element of elements.values()) element.classList.add("gone");
  // `above` and `below`: the ends of the row around a frame, up to which its lines go straight.
  const put = (laid, left, top, above, below) => {
    const reach = one => [one.first ? above : top + one.top, one.last ? below : top + one.bottom];
    for (const [key, way] of laid.lanes)
      for (const lane of way) points.get(key).push([left + lane.x + lane.w / 2, ...reach(lane)]);
    for (const [id, x, y, one, within] of laid.items) {
      if (within) frame(frames, titles, id, left + x, top + y, one);
      if (within) put(within, left + x + 12, top + y + 28, ...reach(one));
      else {
        elements.get(id).classList.remove("gone");
        elements.get(id).setAttribute("transform", `translate(${left + x} ${top + y})`);
        places.set(id, { x: left + x, y: top + y, w: one.w, h: one.h, reach: reach(one) });
      }
    }
  };
  const all = layout(root, edges, picture.clientWidth / READABLE - 2 * MARGIN);
  size = [all.w + 2 * MARGIN, all.h + 2 * MARGIN];
  put(all, MARGIN, MARGIN, MARGIN, MARGIN + all.h);
  join(lines, edges, points);
  for (const text of picture.querySelectorAll("[data-room]")) trim(text);
}

function frame(frames, titles, id, x, y, one) {
  make("rect", { class: "frame", x, y, width: one.w, height: one.h, rx: 8 }, frames);
  const title = make("text", { class: "frame", x: x + 10, y: y + 18, role: "button", tabindex: 0, "data-room": one.w - 20 }, titles);
  const name = elements.get(id).querySelector(".name");
  title.textContent = "▾ " + (name.dataset.whole || name.textContent);
  act(title, () => { tell(elements.get(id)); toggle(id); });
}

function join(lines, edges, points) {
  const ends = (id, side) => edges.filter(edge => edge[side] === id);
  const port = (edge, id, side) => {  // lines that meet at a box stand side by side
    const other = side === "start" ? "end" : "start", near = one => {
      const way = points.get(one.key).map(point => point[0]), box = places.get(one[other]);
      return way.length ? way[side === "start" ? 0 : way.length - 1] : box.x + box.w / 2;
    };
    const all = ends(id, side).sort((a, b) => near(a) - near(b)), gap = Math.min(34, 170 / all.length), box = places.get(id);
    return box.x + box.w / 2 + (all.indexOf(edge) - (all.length - 1) / 2) * gap;
  };
  for (const edge of edges) {
    const [from, to] = [places.get(edge.start), places.get(edge.end)];
    const way = points.get(edge.key).sort((a, b) => a[1] - b[1]).flatMap(([x, top, bottom]) => [[x, top], [x, bottom]]);
    const [start, end] = [port(edge, edge.start, "start"), port(edge, edge.end, "end")];
    const whole = [[start, from.y + from.h], [start, from.reach[1]], ...way, [end, to.reach[0]], [end, to.y]];
    make("path", { class: "forward", d: curve(whole, edge.back ? -4 : 0), "marker-end": "url(#forwards)" }, lines);
    if (edge.back) make("path", { class: "back", d: curve(whole, 5), "marker-start": "url(#backwards)" }, lines);
  }
}

function curve(points, aside) {
  points = points.filter(([x, y], index) => !index || x !== points[index - 1][0] || y !== points[index - 1][1]);
  let text = `M${points[0][0] + aside} ${points[0][1]}`;
  points.slice(1).forEach(([x, y], index) => {
    const [before, top] = points[index];
    text += before === x ? ` L${x + aside} ${y}` : ` C${before + aside} ${(top + y) / 2} ${x + aside} ${(top + y) / 2} ${x + aside} ${y}`;
  });
  return text;
}

function trim(text) {  // what is too long for its place has … in its middle, as names often differ at the end; the whole is in the title
  const whole = text.dataset.whole ??= text.textContent;
  if (text.closest(".gone")) return;
  text.textContent = whole;
  for (let length = whole.length - 1; length > 1 && text.getComputedTextLength() > text.dataset.room; length--)
    text.textContent = whole.slice(0, Math.ceil(length / 2)) + "…" + whole.slice(whole.length - Math.floor(length / 2));
}

// ---- what is chosen, what is open

function act(element, what) {
  element.addEventListener("click", event => { event.stopPropagation(); if (!dragged) what(); });
  element.addEventListener("keydown", event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    what();
  });
}

function toggle(id) {
  if (!open.delete(id)) open.add(id);
  draw();
  look();
}

function tell(box) {  // in the panel
  for (const other of elements.values()) other.classList.toggle("chosen", other === box);
  about.replaceChildren();
  for (const id of [box.dataset.call, box.dataset.class])
    if (id) about.append(document.getElementById(id).content.cloneNode(true));
  detail.scrollTop = 0;
}

function show(box) {  // on a phone the panel comes up from the lower edge, and the picture goes to the upper half
  tell(box);
  detail.parentNode.classList.add("open");
  if (getComputedStyle(detail).position === "fixed") graph.scrollIntoView();
  reveal(box.dataset.call);
}

function hide() {
  detail.parentNode.classList.remove("open");
  look();
}

document.getElementById("close").onclick = hide;
addEventListener("keydown", event => { if (event.key === "Escape") hide(); });

function go(id) {  // from elsewhere on the page: what is in closed blocks is opened
  parents(nodes.get(id)).forEach(one => open.add(one));
  draw();
  show(elements.get(id));
  graph.scrollIntoView({ block: "nearest" });
}

let dragged = false;
for (const [id, element] of elements) {
  act(element, () => show(element));
  const opener = element.querySelector(".toggle");
  if (opener) act(opener, () => { tell(element); toggle(id); });
  element.addEventListener("focus", () => { if (element.matches(":focus-visible")) reveal(id); });
}
for (const link of document.querySelectorAll("[data-go]")) link.addEventListener("click", () => go("call-" + link.dataset.go));

// ---- moving and zooming

let [left, top_, scale] = [0, 0, 1];
function look() {
  const box = picture.getBoundingClientRect();
  picture.setAttribute("viewBox", `${left} ${top_} ${box.width / scale} ${box.height / scale}`);
}
function fit() {  // all of it if that can be read; else its width, from the top
  const box = picture.getBoundingClientRect(), whole = Math.min(box.width / size[0], box.height / size[1]);
  scale = whole > READABLE ? Math.min(1.1, whole) : Math.min(1, Math.max(0.5, box.width / size[0]));
  [left, top_] = [(size[0] - box.width / scale) / 2, Math.min(0, (size[1] - box.height / scale) / 2)];
  look();
}
function reveal(id) {  // moves the picture if a box is not whole in it
  const box = picture.getBoundingClientRect(), [wide, tall] = [box.width / scale, box.height / scale];
  const { x, y, w, h } = places.get(shown(id)) ?? { x: left, y: top_, w: 0, h: 0 };
  if (x < left || x + w > left + wide) left = x + w / 2 - wide / 2;
  if (y < top_ || y + h > top_ + tall) top_ = y + h / 2 - tall / 2;
  look();
}
function zoom(factor, x, y) {
  const box = picture.getBoundingClientRect(), [px, py] = [(x ?? box.left + box.width / 2) - box.left, (y ?? box.top + box.height / 2) - box.top];
  const next = Math.min(4, Math.max(0.1, scale * factor));
  [left, top_, scale] = [left + px / scale - px / next, top_ + py / scale - py / next, next];
  look();
}
document.getElementById("closer").onclick = () => zoom(1.3);
document.getElementById("farther").onclick = () => zoom(1 / 1.3);
document.getElementById("whole").onclick = fit;
picture.addEventListener("wheel", event => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
}, { passive: false });
const fingers = new Map();
picture.addEventListener("pointerdown", event => { fingers.set(event.pointerId, event); dragged = false; });
addEventListener("pointermove", event => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
  if (fingers.size === 2) {
    const other = [...fingers.values()].find(one => one.pointerId !== event.pointerId);
    const apart = one => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    zoom(apart(event) / apart(before), other.clientX, other.clientY);
  } else if (dragged || Math.hypot(dx, dy) > 4) {
    [dragged, left, top_] = [true, left - dx / scale, top_ - dy / scale];
    picture.classList.add("held");
    look();
  } else return;
  fingers.set(event.pointerId, event);
});
for (const kind of ["pointerup", "pointercancel"])
  addEventListener(kind, event => { fingers.delete(event.pointerId); picture.classList.remove("held"); setTimeout(() => { dragged = false; }); });

draw();
fit();
let width = innerWidth;
addEventListener("resize", () => {  // on a phone the height changes while one scrolls
  if (width === innerWidth) return look();
  width = innerWidth;
  draw();
  fit();
});
const first = [...elements.values()].find(element => element.classList.contains("box"));
const wrong = document.querySelector("[data-go]");
if (wrong || first) tell(wrong ? elements.get("call-" + wrong.dataset.go) : first);

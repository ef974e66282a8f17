// Where the boxes of a step stand. Each block is laid out by itself, in rows: whatever takes values is below what gives them.
// A line that passes rows between has a lane of its own in each of them, so that no line runs through a box.
const flow = JSON.parse(document.getElementById("flow").textContent);
const [W, H, GAP, DOWN, LANE] = [flow.width, flow.height, 34, 46, 22];
const picture = document.getElementById("picture"), detail = document.getElementById("detail");
const nodes = new Map(flow.nodes.map((node, order) => [node.id, { ...node, order, children: [] }]));
const elements = new Map([...document.querySelectorAll("[data-call]")].map(element => [element.dataset.call, element]));
const root = { id: null, children: [] };
for (const node of nodes.values()) (node.parent === null ? root : nodes.get(node.parent)).children.push(node);
// A model is the page itself: its box would be around everything.
const model = root.children.find(node => node.children.length);
if (model && root.children.filter(node => node.id.startsWith("call-")).length === 1) model.flat = true;
const open = new Set([...nodes.values()].filter(node => node.children.length && (node.flat || nodes.size <= 90)).map(node => node.id));
const parents = node => (node.parent === null ? [] : [node.parent, ...parents(nodes.get(node.parent))]);

function shown(id) {  // the box that stands for a node: itself, or the outermost closed block around it
  return [id, ...parents(nodes.get(id))].reverse().find(one => !(nodes.get(one).children.length && open.has(one)));
}

function visibleEdges() {
  const found = new Map();
  for (const [from, to, back] of flow.edges) {
    const [start, end] = [shown(from), shown(to)];
    if (start === end) continue;
    const key = start + ">" + end, known = found.get(key) || { key, start, end, back: false };
    known.back ||= back;
    found.set(key, known);
  }
  return [...found.values()];
}

// The rows of a container: {w, h, items: [[item, x, y]], lanes: Map(edge key → points)}, from its own left upper corner.
function layout(container, edges, inside) {
  const children = container.children.flatMap(node => (node.flat && open.has(node.id) ? node.children : [node]));
  const ids = new Set(children.map(node => node.id));
  const member = id => [id, ...parents(nodes.get(id))].find(one => ids.has(one));
  const sizes = new Map(), inner = new Map();
  for (const node of children) {
    const laid = node.children.length && open.has(node.id) ? layout(node, edges, inside) : null;
    inner.set(node.id, laid);
    sizes.set(node.id, laid ? [laid.w + 24, laid.h + 40] : [W, node.id.startsWith("call") ? H : flow.low]);
  }
  const passing = edges.map(edge => ({ edge, from: member(edge.start), to: member(edge.end) })).filter(({ from, to }) => (from || to) && from !== to);
  const order = new Map(children.map((node, place) => [node.id, node.order]));
  const rank = new Map();
  for (const node of [...children].sort((a, b) => a.order - b.order).sort((a, b) => (a.id === "end") - (b.id === "end")))
    rank.set(node.id, Math.max(-1, ...passing.filter(({ from, to }) => to === node.id && rank.has(from)).map(({ from }) => rank.get(from))) + 1);
  const last = Math.max(0, ...rank.values());
  if (rank.has("end")) rank.set("end", last);
  const rows = Array.from({ length: last + 1 }, () => []), lanes = new Map();
  for (const node of children) rows[rank.get(node.id)].push({ id: node.id, w: sizes.get(node.id)[0], h: sizes.get(node.id)[1], above: [] });
  const cell = new Map(rows.flat().map(one => [one.id, one]));
  for (const { edge, from, to } of passing) {
    const first = from ? rank.get(from) + 1 : 0, end = to ? rank.get(to) : last + 1;
    let before = from ? cell.get(from) : null;
    const way = [];
    for (let row = first; row < end; row++) {
      const lane = { lane: true, w: LANE, h: 0, above: before ? [before] : [] };
      rows[row].push(lane);
      way.push(lane);
      before = lane;
    }
    if (to && before) cell.get(to).above.push(before);
    lanes.set(edge.key, way);
  }
  place(rows);
  const width = Math.max(W, ...rows.flat().map(one => one.x + one.w)), items = [];
  let y = 0;
  for (const row of rows) {
    const height = Math.max(0, ...row.map(one => one.h));
    for (const one of row) {
      [one.top, one.bottom, one.first, one.last] = [y, y + height, row === rows[0], row === rows[last]];
      if (!one.lane) items.push([one.id, one.x, y + (height - one.h) / 2, one, inner.get(one.id)]);
    }
    y += height + DOWN;
  }
  return { w: width, h: y - DOWN, items, lanes };
}

function place(rows) {  // from left to right near what is above, without touching
  const middle = one => one.x + one.w / 2, wish = one => (one.above.length ? one.above.reduce((sum, up) => sum + middle(up), 0) / one.above.length : null);
  for (const row of rows) {
    row.forEach((one, index) => { one.wish = wish(one) ?? index * (W + GAP) + W / 2; });
    row.sort((a, b) => a.wish - b.wish);
    let end = -Infinity;
    for (const one of row) { one.x = Math.max(one.wish - one.w / 2, end); end = one.x + one.w + GAP; }
    const shift = row.reduce((sum, one) => sum + one.wish - middle(one), 0) / (row.length || 1);
    for (const one of row) one.x += shift;
  }
  const left = Math.min(0, ...rows.flat().map(one => one.x));
  for (const one of rows.flat()) one.x -= left;
}

const make = (kind, attributes, parent) => {
  const element = document.createElementNS(picture.namespaceURI, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
};

let size = [W, H];
function draw() {
  const edges = visibleEdges(), points = new Map(edges.map(edge => [edge.key, []])), places = new Map();
  const frames = document.getElementById("frames"), lines = document.getElementById("edges");
  frames.replaceChildren();
  lines.replaceChildren();
  for (const element of elements.values()) element.classList.add("gone");
  // `above` and `below`: the ends of the row around a frame, up to which its lines go straight.
  const put = (laid, left, top, above, below) => {
    const reach = one => [one.first ? above : top + one.top, one.last ? below : top + one.bottom];
    for (const [key, way] of laid.lanes)
      for (const lane of way) points.get(key).push([left + lane.x + lane.w / 2, ...reach(lane)]);
    for (const [id, x, y, one, within] of laid.items) {
      if (within) frame(frames, id, left + x, top + y, one);
      if (within) put(within, left + x + 12, top + y + 28, ...reach(one));
      else {
        elements.get(id).classList.remove("gone");
        elements.get(id).setAttribute("transform", `translate(${left + x} ${top + y})`);
        places.set(id, { x: left + x, y: top + y, w: one.w, h: one.h, reach: reach(one) });
      }
    }
  };
  const all = layout(root, edges);
  size = [all.w + 40, all.h + 40];
  put(all, 20, 20, 20, 20 + all.h);
  join(lines, edges, points, places);
  for (const text of picture.querySelectorAll("[data-room]")) trim(text);
}

function frame(frames, id, x, y, one) {
  const group = make("g", { class: "frame" }, frames);
  make("rect", { x, y, width: one.w, height: one.h, rx: 8 }, group);
  const title = make("text", { x: x + 10, y: y + 18, role: "button", tabindex: 0, "data-room": one.w - 20 }, group);
  title.textContent = "▾ " + elements.get(id).querySelector(".name").textContent;
  title.dataset.whole = "▾ " + (elements.get(id).querySelector(".name").dataset.whole || elements.get(id).querySelector(".name").textContent);
  act(title, () => { show(elements.get(id)); toggle(id); });
}

function join(lines, edges, points, places) {
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

function trim(text) {  // what is too long for its place ends in …; the whole is in the title
  const whole = text.dataset.whole ??= text.textContent;
  if (text.closest(".gone")) return;
  text.textContent = whole;
  for (let length = whole.length - 1; length > 1 && text.getComputedTextLength() > text.dataset.room; length--)
    text.textContent = whole.slice(0, length) + "…";
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
}

function show(box) {
  for (const other of elements.values()) other.classList.toggle("chosen", other === box);
  detail.replaceChildren();
  for (const id of [box.dataset.call, box.dataset.class])
    if (id) detail.append(document.getElementById(id).content.cloneNode(true));
  detail.scrollTop = 0;
}

let dragged = false;
for (const [id, element] of elements) {
  act(element, () => show(element));
  const opener = element.querySelector(".toggle");
  if (opener) act(opener, () => { show(element); toggle(id); });
}
for (const link of document.querySelectorAll("[data-go]"))
  link.addEventListener("click", () => { show(elements.get("call-" + link.dataset.go)); });

// ---- moving and zooming

let [left, top_, scale] = [0, 0, 1];
function look() {
  const box = picture.getBoundingClientRect();
  picture.setAttribute("viewBox", `${left} ${top_} ${box.width / scale} ${box.height / scale}`);
}
function fit() {
  const box = picture.getBoundingClientRect();
  scale = Math.min(1.15, Math.max(box.width < 500 ? 0.5 : 0.7, Math.min(box.width / size[0], box.height / size[1])));
  [left, top_] = [(size[0] - box.width / scale) / 2, Math.min(0, (size[1] - box.height / scale) / 2)];
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
addEventListener("resize", fit);
const first = [...elements.values()].find(element => element.classList.contains("box"));
const wrong = document.querySelector("[data-go]");
if (wrong || first) show(wrong ? elements.get("call-" + wrong.dataset.go) : first);

// Walking along the moments of a step: a slider, keys, the function that runs, and what its names hold.
const data = JSON.parse(document.getElementById("data").textContent);
const text = number => data.texts[number];
const frames = data.frames.map(([fn, depth, caller, owner, begin, end, returned]) =>
  ({ fn: data.functions[fn], depth, caller, owner: text(owner), begin, end, returned: text(returned) }));
const moments = data.moments.map(([frame, first, last, names]) => ({ frame: frames[frame], first, last, names }));
const $ = id => document.getElementById(id);
let at = 0, followed = null;

const make = (kind, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(kind), attributes);
  element.append(...children);
  return element;
};
const depth = index => moments[index].frame.depth;
const find = (start, test) => { for (let i = start; i < moments.length; i++) if (test(i)) return i; return moments.length - 1; };
const moves = {
  next: () => at + 1,
  back: () => at - 1,
  into: () => find(at + 1, i => depth(i) > depth(i - 1)),  // where a line calls nothing that is recorded, on to one that does
  over: () => find(at + 1, i => depth(i) <= depth(at)),
  out: () => find(at + 1, i => depth(i) < depth(at)),
};

function go(index) {
  at = Math.max(0, Math.min(moments.length - 1, index));
  $("slider").value = at;
  const moment = moments[at], [name, file, first] = moment.frame.fn;
  $("where").textContent = `moment ${at + 1} of ${moments.length} · ${data.files[file][0]}:${moment.first}`;
  drawSource(moment);
  drawNames(moment);
  for (const [index, element] of [...$("map").children].entries()) {
    element.classList.toggle("here", index === file);
    if (index === file) {
      element.querySelector("b").style.left = `${100 * moment.first / data.files[file][1]}%`;
      if ($("map").scrollWidth > $("map").clientWidth) $("map").scrollLeft = element.offsetLeft - 60;
    }
  }
  drawDepth();
  for (const button of document.querySelectorAll(".stops button")) {
    button.classList.toggle("now", +button.dataset.at === at);
    if (+button.dataset.at === at) button.parentNode.scrollLeft = button.offsetLeft - button.parentNode.offsetLeft - 60;
  }
}

function drawSource(moment) {
  const box = $("source"), callers = [];
  for (let caller = moment.frame.caller; caller >= 0 && moments[caller].frame.depth >= 0;) {
    const frame = moments[caller].frame;
    if (frame.end && frame.end <= at) { caller = frame.caller; continue; }  // it had ended: what called was not recorded
    callers.unshift(caller);
    caller = frame.caller;
  }
  box.replaceChildren();
  for (const caller of callers) {
    const { frame, first } = moments[caller], [, file, start, , lines] = frame.fn;
    const line = make("div", { className: "caller", onclick: () => go(caller) });
    line.textContent = `${"  ".repeat(frame.depth)}${data.files[file][0].split("/").pop()}:${first}  ${lines[first - start].trim()}`;
    box.append(line);
  }
  const [name, file, start, , lines] = moment.frame.fn, own = moment.frame.owner ? ` of ${moment.frame.owner}` : "";
  box.append(make("div", { className: "function" }, `${name}${own} · ${data.files[file][0]}`));
  const ran = new Map();
  for (let i = moment.frame.begin; i < moment.frame.end; i++)
    if (moments[i].frame === moment.frame && !ran.has(moments[i].first)) ran.set(moments[i].first, i);
  const indent = Math.min(...lines.filter(line => line.trim()).map(line => line.search(/\S/)));
  lines.forEach((content, offset) => {
    const number = start + offset, now = number >= moment.first && number <= moment.last;
    const line = make("div", { className: "line" + (ran.has(number) ? " ran" : "") + (now ? " now ran" : "") });
    if (ran.has(number)) line.onclick = () => go(ran.get(number));
    line.append(make("span", { className: "number" }, String(number)), content.slice(indent) || " ");
    box.append(line);
  });
  const now = box.querySelector(".now");
  if (now) box.scrollTop = Math.max(0, now.offsetTop - box.offsetTop - box.clientHeight / 2);
  box.scrollLeft = 0;
}

function drawNames(moment) {
  const box = $("names"), list = make("dl");
  for (const [name, before, after] of moment.names) {
    const fresh = before === -1, changed = before >= 0, weight = data.weights.find(one => text(after).startsWith(one.path + ": "));
    const title = make("dt", {}, text(name));
    if (fresh || changed) title.append(make("span", { className: "tag" }, fresh ? "new" : "changed"));
    list.append(title);
    if (changed && before !== after) list.append(make("dd", { className: "was" }, text(before)));
    const value = make("dd", {}, text(after));
    if (weight) value.append(" ", follower(weight));
    list.append(value);
  }
  box.replaceChildren(make("p", { className: "soft" }, moment.first < moment.last ? "After these lines have run:" : "After this line has run:"), list);
  if (!moment.names.length) box.append(make("p", {}, "No name on this line holds a value to show."));
  const last = at === moment.frame.end - 1 || !moments.slice(at + 1, moment.frame.end).some(one => one.frame === moment.frame);
  if (last && moment.frame.returned) box.append(make("dl", {}, make("dt", {}, "returns"), make("dd", {}, moment.frame.returned)));
}

const follower = weight => make("button", { className: "follow", onclick: () => follow(weight) }, weight === followed ? "followed" : "follow it");

function follow(weight) {
  followed = followed === weight ? null : weight;
  drawFollowed();
  drawWeights();
  if (!followed) return;
  if (weight.stops.length) go(weight.stops[0][1]);
  scrollBy(0, $("source").getBoundingClientRect().top - $("bar").offsetHeight - 8);  // to where one sees it
}

function drawFollowed() {  // its stops, below the keys
  $("followed").replaceChildren();
  if (!followed) return;
  const stops = followed.stops.map(([kind, moment, number]) => {
    const button = make("button", { onclick: () => go(moment) }, `${kind} ${number}`);
    button.dataset.at = moment;
    return button;
  });
  const slots = followed.slots.map(([name, old, now]) => make("span", { className: "soft" }, `slot ${name}: ${old} → ${now}`));
  const end = make("button", { className: "end", title: "follow it no more", onclick: () => follow(followed) }, "×");
  $("followed").append(make("div", { className: "stops" }, end, make("b", {}, followed.cells[0]), ...stops, ...slots));
}

function drawWeights() {
  const table = make("table");
  table.append(make("tr", {}, ...["weight", "shape", "value", "gradient", "new value"].map(head => make("th", {}, head))));
  for (const weight of data.weights) {
    const row = make("tr", { className: weight === followed ? "chosen" : "", tabIndex: 0, onclick: () => follow(weight) }, ...weight.cells.map(cell => make("td", {}, cell)));
    row.onkeydown = event => { if (event.key === "Enter") follow(weight); };
    table.append(row);
  }
  $("weights").replaceChildren(table);
}

function drawMap() {
  data.files.forEach(([name, lines], index) => {
    const bar = make("i"), ran = new Set(moments.filter(one => one.frame.fn[1] === index).map(one => Math.floor(60 * one.first / lines)));
    for (const place of ran) { const mark = make("u"); mark.style.left = `${place / 0.6}%`; mark.style.width = "1.7%"; bar.append(mark); }
    bar.append(make("b"));
    const button = make("button", { title: name, onclick: () => go(moments.findIndex(one => one.frame.fn[1] === index)) }, name.replace("engine/core/", ""), bar);
    $("map").append(button);
  });
}

function drawDepth() {
  const canvas = $("depth"), pen = canvas.getContext("2d"), style = getComputedStyle(document.body);
  const ratio = devicePixelRatio || 1, width = canvas.width = canvas.clientWidth * ratio, height = canvas.height = 44 * ratio;
  const most = Math.max(...frames.map(frame => frame.depth)) + 1, step = width / moments.length;
  pen.globalAlpha = 0.55;
  for (let x = 0; x < width; x += Math.max(step, ratio)) {
    const moment = moments[Math.min(Math.round(x / step), moments.length - 1)];
    pen.fillStyle = style.getPropertyValue(data.files[moment.frame.fn[1]][0].startsWith("engine/core/") ? "--one" : "--two");
    const tall = height * (moment.frame.depth + 1) / most;
    pen.fillRect(x, height - tall, Math.max(step, ratio), tall);
  }
  pen.globalAlpha = 1;
  pen.fillStyle = style.getPropertyValue("--ink");
  pen.fillRect((at + 0.5) * step - ratio, 0, 2 * ratio, height);
}

for (const [name, move] of Object.entries(moves)) $(name).onclick = () => go(move());
$("slider").oninput = event => go(+event.target.value);
$("depth").onclick = event => go(Math.floor(moments.length * event.offsetX / $("depth").clientWidth));
const keys = { ArrowRight: "next", n: "next", ArrowLeft: "back", b: "back", ArrowDown: "into", i: "into", o: "over", ArrowUp: "out", u: "out" };
addEventListener("keydown", event => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  go(moves[keys[event.key]]());
});
addEventListener("resize", drawDepth);
matchMedia("(prefers-color-scheme: dark)").onchange = drawDepth;
drawMap();
drawWeights();
if (moments.length) go((+location.hash.slice(1) || 1) - 1);  // walk.html#120: the moment to begin with

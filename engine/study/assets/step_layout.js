// Where the boxes of a step stand. Each block is laid out by itself, in rows: whatever takes values is below what gives them.
// A line that passes rows between has a lane of its own in each of them, so that no line runs through a box.
const flow = JSON.parse(document.getElementById("flow").textContent);
const [W, H, GAP, DOWN, LANE] = [flow.width, flow.height, 34, 44, 18];
const nodes = new Map(flow.nodes.map((node, order) => [node.id, { ...node, order, children: [] }]));
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

// The rows of a container, of one box each where they would be wider than `room`: {w, h, items: [[id, x, y, cell, layout within]],
// lanes: Map(edge key → cells)}, from its own left upper corner.
function layout(container, edges, room) {
  const children = container.children.flatMap(node => (node.flat && open.has(node.id) ? node.children : [node]));
  const ids = new Set(children.map(node => node.id));
  const member = id => [id, ...parents(nodes.get(id))].find(one => ids.has(one));
  const boxes = children.map(node => {
    const within = node.children.length && open.has(node.id) ? layout(node, edges, room - 24) : null;
    const [w, h] = within ? [within.w + 24, within.h + 40] : [W, node.id.startsWith("call") ? H : flow.low];
    return { id: node.id, order: node.order, w, h, within, above: [] };
  });
  const passing = edges.map(edge => ({ edge, from: member(edge.start), to: member(edge.end) })).filter(({ from, to }) => (from || to) && from !== to);
  const rows = rowsOf(boxes, passing, room), cell = new Map(boxes.map(box => [box.id, box]));
  const straight = rows.every(row => row.length === 1), lanes = new Map();
  for (const { edge, from, to } of passing) {
    const first = from ? cell.get(from).row + 1 : 0, end = to ? cell.get(to).row : rows.length, way = [];
    let before = from ? cell.get(from) : null;
    for (let row = first; row < end; row++) {
      before = { lane: true, row, w: LANE, h: 0, above: before ? [before] : [] };
      rows[row].push(before);
      way.push(before);
    }
    if (to && before) cell.get(to).above.push(before);
    lanes.set(edge.key, way);
  }
  if (straight) inColumn(rows, [...lanes.values()]);
  else place(rows);
  let y = 0;
  for (const row of rows) {
    const height = Math.max(0, ...row.map(one => one.h));
    for (const one of row) [one.top, one.bottom, one.first, one.last] = [y, y + height, row === rows[0], row === rows.at(-1)];
    y += height + DOWN;
  }
  const items = boxes.map(one => [one.id, one.x, (one.top + one.bottom - one.h) / 2, one, one.within]);
  return { w: Math.max(W, ...rows.flat().map(one => one.x + one.w)), h: y - DOWN, items, lanes };
}

function rowsOf(boxes, passing, room) {  // each box below all that it takes values from
  const rank = new Map();
  for (const { id } of boxes)
    rank.set(id, Math.max(-1, ...passing.filter(({ from, to }) => to === id && rank.has(from)).map(({ from }) => rank.get(from))) + 1);
  const last = Math.max(0, ...rank.values());
  if (rank.has("end")) rank.set("end", last);
  const levels = Array.from({ length: last + 1 }, (_, level) => boxes.filter(({ id }) => rank.get(id) === level));
  const narrow = levels.some(row => row.reduce((sum, box) => sum + box.w + GAP, -GAP) > room);
  const rows = narrow ? levels.flat().map(box => [box]) : levels;
  rows.forEach((row, place) => row.forEach(box => { box.row = place; }));
  return rows;
}

function inColumn(rows, ways) {  // one box below the other, and the lanes at their right: the shortest near them
  const wide = Math.max(...rows.map(([box]) => box.w)), taken = [];
  for (const [box] of rows) box.x = (wide - box.w) / 2;
  for (const way of ways.sort((a, b) => a.length - b.length)) {
    let lane = taken.findIndex(busy => !way.some(one => busy.has(one.row)));
    if (lane < 0) lane = taken.push(new Set()) - 1;
    for (const one of way) {
      taken[lane].add(one.row);
      one.x = wide + 8 + lane * LANE;
    }
  }
}

function place(rows) {  // from left to right near what is above, without touching
  const middle = one => one.x + one.w / 2, wish = one => (one.above.length ? one.above.reduce((sum, up) => sum + middle(up), 0) / one.above.length : null);
  for (const row of rows) {
    row.forEach((one, index) => { one.wish = wish(one) ?? index * (W + GAP) + W / 2; });
    row.sort((a, b) => a.wish - b.wish);
    let end = -Infinity;
    row.forEach((one, index) => {
      one.x = Math.max(one.wish - one.w / 2, end);
      end = one.x + one.w + (one.lane && row[index + 1]?.lane ? 0 : one.lane || row[index + 1]?.lane ? 12 : GAP);
    });
    const shift = row.reduce((sum, one) => sum + one.wish - middle(one), 0) / (row.length || 1);
    for (const one of row) one.x += shift;
  }
  const left = Math.min(0, ...rows.flat().map(one => one.x));
  for (const one of rows.flat()) one.x -= left;
}

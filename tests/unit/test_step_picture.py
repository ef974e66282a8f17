"""The picture of a step in a browser: nothing collides, it can be read on a phone too, it moves, and the panel is beside it."""

import numpy as np
import pytest
import tensorflow as tf
from browser import needs_browser, said_of
from test_step_page import CLASSES, RNG, attentive, images

from engine import Input, Model
from layers import Dense

PROBE = """
  const overlap = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const visible = query => [...document.querySelectorAll(query)].filter(one => !one.closest(".gone"));
  function survey() {
    const boxes = visible(".box, .block, .end-box"), places = boxes.map(box => box.querySelector("rect").getBoundingClientRect());
    const texts = visible("#picture text").filter(text => text.textContent).map(text => text.getBoundingClientRect());
    let collisions = 0, outside = 0, crossed = 0;
    for (const all of [places, texts]) all.forEach((a, i) => all.slice(i + 1).forEach(b => { collisions += overlap(a, b); }));
    for (const text of visible(".box text, .end-box text")) {
      const a = text.getBoundingClientRect(), b = text.parentNode.querySelector("rect").getBoundingClientRect();
      if (a.width && (a.left < b.left || a.right > b.right + 1 || a.bottom > b.bottom + 1)) outside++;
    }
    for (const path of document.querySelectorAll(".forward")) {
      const matrix = path.getScreenCTM(), whole = path.getTotalLength();
      for (let at = 4; at < whole - 4; at += 3) {
        const point = path.getPointAtLength(at).matrixTransform(matrix);
        crossed += places.some(box => point.x > box.left + 2 && point.x < box.right - 2 && point.y > box.top + 2 && point.y < box.bottom - 2);
      }
    }
    return { boxes: boxes.length, lines: document.querySelectorAll(".forward").length, back: document.querySelectorAll(".back").length,
             frames: document.querySelectorAll("rect.frame").length, collisions, outside, crossed };
  }
  const edges = one => { const { left, right, top, bottom } = one.getBoundingClientRect(); return { left, right, top, bottom }; };
  const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const pause = () => new Promise(done => setTimeout(done, 50));
  said.room = innerWidth;
  said.tall = innerHeight;
  said.seen = [survey()];
  said.text = Math.min(...visible("#picture text").filter(one => one.textContent).map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a));
  said.names = visible(".box .name").map(one => one.textContent);
  said.whole = visible(".box, .block, .end-box").every(one => one.getBoundingClientRect().left >= graph.getBoundingClientRect().left
                                                          && one.getBoundingClientRect().right <= graph.getBoundingClientRect().right);
"""  # what each of the scripts below begins with

FOLDED = """
  document.querySelector("text.frame").dispatchEvent(new Event("click"));
  said.seen.push(survey());
  visible(".toggle")[0].dispatchEvent(new Event("click"));
  said.seen.push(survey());
  said.wide = document.documentElement.scrollWidth;
"""

PANEL = """
  said.closed = detail.getBoundingClientRect().height === 0;
  const box = visible(".box").at(-1);
  box.dispatchEvent(new Event("click"));
  await pause();
  Object.assign(said, { graph: edges(graph), panel: edges(detail), chosen: inside(edges(box.querySelector("rect")), edges(picture)), title: about.querySelector("h3").textContent });
  const close = document.getElementById("close");
  said.close = close.getBoundingClientRect().height;
  close.click();
  said.again = detail.getBoundingClientRect().height === 0;
  box.dispatchEvent(new Event("click"));
  dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  said.escaped = detail.getBoundingClientRect().height === 0;
"""

MOVED = """
  const place = () => visible(".box")[0].querySelector("rect").getBoundingClientRect();
  const at = picture.getBoundingClientRect(), [x, y] = [at.left + 100, at.top + 150];
  const pointer = (kind, pointerId, clientX, clientY, target = window) => target.dispatchEvent(new PointerEvent(kind, { pointerId, clientX, clientY, bubbles: true, pointerType: "touch" }));
  let before = place();
  pointer("pointerdown", 1, x, y, picture);
  pointer("pointermove", 1, x + 20, y + 10);
  pointer("pointermove", 1, x + 40, y - 30);
  visible(".box")[1].dispatchEvent(new Event("click"));  // the browser's, at the end of a drag
  pointer("pointerup", 1, x + 40, y - 30);
  said.dragged = [place().left - before.left, place().top - before.top];
  said.clicked = visible(".box")[1].classList.contains("chosen");
  await pause();
  pointer("pointermove", 1, x + 90, y);
  said.released = place().left - before.left;
  const widths = [place().width];
  pointer("pointerdown", 1, x, y, picture);
  pointer("pointerdown", 2, x + 50, y, picture);
  pointer("pointermove", 2, x + 100, y);
  pointer("pointerup", 1, x, y);
  pointer("pointerup", 2, x + 100, y);
  widths.push(place().width);
  picture.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, ctrlKey: true, clientX: x, clientY: y, cancelable: true }));
  widths.push(place().width);
  said.scrolls = picture.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, cancelable: true }));
  widths.push(place().width);
  document.getElementById("closer").click();
  widths.push(place().width);
  document.getElementById("farther").click();
  widths.push(place().width);
  document.getElementById("whole").click();
  said.fitted = Math.abs(place().left - before.left) + Math.abs(place().width - before.width);
  said.factors = widths.slice(1).map((width, index) => width / widths[index]);
"""


def seen(step, tmp_path, script, width, height=900):
    return said_of(step.to_html(tmp_path / "step.html"), PROBE + script, tmp_path, width, height)


def branches():
    x = Input((4,), name="features")
    h = tf.concat([Dense(2, name=f"a_branch_whose_name_is_a_long_one_{number}")(x) for number in range(7)], -1)
    model = Model(x, Dense(3, activation="softmax")(h))
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model.inspect_step(RNG.normal(size=(16, 4)), CLASSES)


@needs_browser
@pytest.mark.parametrize("width", [1280, 500, 390])
def test_nothing_collides_and_blocks_open_and_close(tmp_path, width):
    step = attentive()
    found = seen(step, tmp_path, FOLDED, width)
    opened, closed, again = found["seen"]
    leaves = sum(call.is_leaf for call in step.calls)
    assert opened["boxes"] == leaves + 2 and opened["lines"] == len(step.edges) and opened["frames"] == 1
    assert closed["boxes"] == leaves + 2 - 4 and closed["frames"] == 0 and again == opened
    for look in found["seen"]:
        assert (look["collisions"], look["outside"], look["crossed"]) == (0, 0, 0)
    assert found["room"] == width and found["wide"] <= width, found


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("make", [branches, attentive, images])
def test_the_width_of_a_graph_is_seen_at_once_and_can_be_read(tmp_path, make, width):
    step = make()
    found = seen(step, tmp_path, "", width)
    (look,) = found["seen"]
    assert found["whole"] and found["text"] >= 8.5, found
    assert look["lines"] == len(step.edges) and (look["collisions"], look["outside"], look["crossed"]) == (0, 0, 0)
    assert len(set(found["names"])) == len(found["names"])  # also of those that are cut


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_panel_is_beside_the_picture_and_on_a_phone_below_it(tmp_path, width):
    found = seen(branches(), tmp_path, PANEL, width, 800)
    graph, panel = found["graph"], found["panel"]
    assert found["chosen"] and found["title"] == "layers.8 (Dense)", found
    if width > 800:
        assert panel["left"] >= graph["right"] and not found["closed"] and found["close"] == 0
    else:
        assert found["closed"] and found["again"] and found["escaped"] and found["close"] >= 44
        assert 0 <= graph["top"] < 30 and graph["bottom"] <= panel["top"] and panel["bottom"] == found["tall"] == 800
        assert min(panel["bottom"] - panel["top"], graph["bottom"] - graph["top"]) > 0.4 * 800
        assert panel["left"] == 0 and panel["right"] >= 370  # but for the bar of the page


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_picture_moves_and_zooms(tmp_path, width):
    found = seen(branches(), tmp_path, MOVED, width)
    np.testing.assert_allclose(found["dragged"], [40, -30], atol=0.1)
    np.testing.assert_allclose(found["released"], 40, atol=0.1)
    assert not found["clicked"] and found["scrolls"]  # without Ctrl the wheel moves the page
    pinched, wheel, bare, closer, farther = found["factors"]
    np.testing.assert_allclose([pinched, wheel, bare, closer * farther], [2, np.exp(-1 / 3), 1, 1], rtol=1e-3)
    assert closer > 1.1 and found["fitted"] < 0.1

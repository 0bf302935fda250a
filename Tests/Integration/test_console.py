"""The page that a node serves to browsers, in a browser."""

import os
import pathlib
import subprocess
import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support.browser import PHONE_WIDTH, WIDTH, Browser
from support.cluster import Cluster
from support.users import User, write_users

ADMINISTRATOR, READER = User("root", ["admin:*"], {"t": "root"}), User("reader", ["read:default"], {"t": "reader"})
# A dead node is to be red by then.
RED_SECONDS = 5.0
# Where the pictures of the documents go; nowhere in an ordinary run.
PICTURES = os.environ.get("KVNODE_PICTURES")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    one = Browser(tmp_path_factory.mktemp("browser"))
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, stubs):
    """Three nodes on three engines in three zones, which the tests leave running."""
    shared = Cluster(tmp_path_factory.mktemp("console"), ["rocksdb", "leveldb", "lmdb"], stubs)
    try:
        yield shared.start()
    finally:
        shared.stop()


def look_at(browser: Browser, node) -> None:
    browser.open(f"http://127.0.0.1:{node.http_port}/")
    browser.wait(lambda: browser.text("#problems") == "all is well", "the page to show a healthy cluster")


def open_key(browser: Browser, bucket: str, key: str) -> None:
    for field, value in (("#bucket", bucket), ("#prefix", key)):
        browser.find(field).clear()
        browser.find(field).send_keys(value)
    browser.find("#open").click()
    browser.wait(lambda: browser.all("#holdings"), "the key to be shown")


def ring_members(browser: Browser) -> set[str]:
    """Whose segments are drawn."""
    return {shape.get_attribute("data-name") for shape in browser.all("#ring-view path.segment")}


def picture(browser: Browser, name: str, section: str | None = None) -> None:
    """Also makes sure that the browser can draw the page."""
    if section:
        browser.run("document.getElementById(arguments[0]).scrollIntoView()", section)
    drawn = browser.driver.get_screenshot_as_png()
    assert len(drawn) > 10_000
    if PICTURES:
        (pathlib.Path(PICTURES) / f"console-{name}.png").write_bytes(drawn)


def test_the_cluster_is_shown(browser, mixed):
    look_at(browser, mixed[0])
    rows = browser.all("#member-table tbody tr")
    assert [row.get_attribute("data-name") for row in rows] == ["node0", "node1", "node2"]
    assert [row.find_element(By.CSS_SELECTOR, ".state").text for row in rows] == ["up"] * 3
    assert {"rocksdb", "leveldb", "lmdb"} <= set(browser.text("#member-table").split())
    # Three circles, and what each member holds in words.
    browser.wait(lambda: ring_members(browser) == {"node0", "node1", "node2"}, "the ring")
    held = browser.text("#ring-view table")
    assert all(f"node{number}" in held for number in range(3)) and "256" in held
    browser.find("#ring-view input").send_keys("7")
    browser.wait(lambda: "partition 7: node" in browser.text("#ring-view"), "the partition's replicas")
    assert not browser.complaints()


def test_load_is_drawn(browser, mixed):
    look_at(browser, mixed[0])

    def has_load():
        for number in range(50):
            mixed[0].http.put("load", f"k{number}", b"v")
        return "put" in browser.text("#operations") and "p99" in browser.text("#charts") and browser.run(
            "return document.querySelector('#charts path.series').getAttribute('d').includes('L')")

    browser.wait(has_load, "the chart to have a line")
    assert "in flight" in browser.text("#operations")
    picture(browser, "wide")


def test_a_killed_node_turns_red(browser, start_cluster):
    cluster = start_cluster(["memory"] * 3)
    look_at(browser, cluster[0])
    browser.wait(lambda: len(ring_members(browser)) == 3, "the ring")
    red = browser.run("""
        const probe = document.createElement("p"); probe.className = "bad"; document.body.append(probe);
        const color = getComputedStyle(probe).color; probe.remove(); return color""")
    cluster[2].kill()
    killed = time.monotonic()

    def is_red():
        return browser.run("""
            const row = document.querySelector("#member-table tr[data-name=node2]");
            const shape = document.querySelector("#ring-view path[data-name=node2]");
            return row.dataset.state === "away" && getComputedStyle(row.querySelector(".state")).color === arguments[0]
                && getComputedStyle(shape).fill === arguments[0]""", red)

    browser.wait(is_red, "the dead node to be red", RED_SECONDS)
    print(f"red after {time.monotonic() - killed:.1f} s")
    browser.wait(lambda: "! node2" in browser.text("#problems"), "its death to be told in words")
    picture(browser, "dead-node")
    cluster[2].start()
    cluster[2].wait_ready()
    browser.wait(lambda: browser.text("#problems") == "all is well", "it to be back")
    # The node whose page it is can die, too.
    cluster[0].kill()
    browser.wait(lambda: "not of now" in browser.text("#seen"), "the page to say that it shows the past")


def test_a_put_in_the_page_is_read_by_curl(browser, mixed):
    look_at(browser, mixed[1])
    open_key(browser, "pages", "grüße/1")
    assert "no value" in browser.text("#key-message")
    browser.find("#value").send_keys("written in a browser")
    browser.find("#put").click()
    browser.wait(lambda: browser.text("#key-message") == "stored", "the put")
    read = subprocess.run(
        ["curl", "-s", f"http://127.0.0.1:{mixed[2].http_port}/v1/buckets/pages/keys/gr%C3%BC%C3%9Fe%2F1"],
        capture_output=True, text=True, timeout=30, check=True)
    assert read.stdout == "written in a browser"
    # And what somebody else has put is listed, and deleted here.
    mixed[0].http.put("pages", "other", b"by a program", w=3)
    browser.find("#prefix").clear()
    browser.find("#list-form button[type=submit]").click()
    browser.wait(lambda: len(browser.all("#key-list button")) == 2, "both keys to be listed")
    next(one for one in browser.all("#key-list button") if one.text == "other").click()
    browser.wait(lambda: "by a program" in browser.text("#key-view"), "the other key")
    browser.find("#delete").click()
    browser.wait(lambda: browser.text("#key-message") == "deleted", "the delete")
    assert mixed[2].http.get("pages", "other").status == 404


def test_siblings_and_their_causality(browser, mixed):
    for number, node in enumerate(mixed.nodes):
        assert node.http.put("carts", "alice", b"cart %d <b>" % number, w=3).status == 204
    look_at(browser, mixed[0])
    open_key(browser, "carts", "alice")
    assert browser.text("#key-message") == "alice in carts: 3 concurrent values"
    assert "cart 1 <b>" in browser.text("#values")
    assert len(browser.all("#causality circle.dot")) == 3 and "siblings" in browser.text("#holdings")
    assert "agree" in browser.text("#holdings")
    # Of each value, HTTP and what the replicas hold tell the same write.
    told = browser.run("return [...document.querySelectorAll('#values .dim')].map((one) => one.textContent.match(/written as (\\S+)/)[1])")
    held = browser.run("return [...document.querySelectorAll('#causality circle title')].map((one) => one.textContent)")
    assert sorted(told) == sorted(held)
    picture(browser, "siblings", "keys")
    next(one for one in browser.all("#values button") if one.text == "Take this one").click()
    chosen = browser.find("#value").get_property("value")
    browser.find("#put").click()
    browser.wait(lambda: browser.text("#key-message") == "stored", "the resolution")
    browser.wait(lambda: len(browser.all("#causality circle.dot")) == 1, "one value to be left")
    assert mixed[1].http.get("carts", "alice").body == chosen.encode() and chosen.startswith("cart ")


def test_slow_requests_are_listed(browser, start_cluster):
    node = start_cluster(["memory"], {"log": {"slow_request_ms": 1}})[0]
    look_at(browser, node)

    def is_listed():
        node.http.put("slow", "k", b"x" * 500_000)
        return "http put" in browser.text("#slow-view")

    browser.wait(is_listed, "a request that took a millisecond")
    assert "slow" in browser.text("#slow-view tbody")


def test_it_can_be_used_by_keyboard_on_a_phone_and_in_the_dark(browser, mixed):
    look_at(browser, mixed[0])
    browser.find("body").send_keys(Keys.TAB)
    assert browser.run("return document.activeElement.className") == "skip"
    # Everything that can be used has a name for a screen reader.
    nameless = browser.run("""
        return [...document.querySelectorAll("button, a, input, textarea, svg")].filter((one) =>
            !(one.textContent.trim() || one.getAttribute("aria-label") || one.labels?.length)).map((one) => one.outerHTML)""")
    assert nameless == []
    light = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.prefer("dark")
    try:
        assert browser.run("return getComputedStyle(document.body).backgroundColor") != light
        picture(browser, "dark")
        browser.resize(PHONE_WIDTH)
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE_WIDTH
        picture(browser, "phone")
    finally:
        browser.resize(WIDTH)
        browser.prefer("light")


def test_it_is_behind_the_same_authentication(browser, tmp_path, stubs):
    users = tmp_path / "users.yaml"
    write_users(users, [ADMINISTRATOR, READER])
    guarded = Cluster(tmp_path / "guarded", ["memory"], stubs, {"access": {"users_file": str(users)}})
    guarded[0].authorization = ADMINISTRATOR.bearer
    try:
        node = guarded.start()[0]
        node.http.put("default", "k", b"for readers")
        refused = subprocess.run(
            ["curl", "-s", "-o", os.devnull, "-w", "%{http_code} %header{www-authenticate}", f"http://127.0.0.1:{node.http_port}/"],
            capture_output=True, text=True, timeout=30, check=True).stdout
        assert refused.startswith("401 ") and "kvnode" in refused
        for user, sees in ((ADMINISTRATOR, "all is well"), (READER, "not of now")):
            browser.driver.execute_cdp_cmd("Network.enable", {})
            browser.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": user.bearer}})
            browser.open(f"http://127.0.0.1:{node.http_port}/")
            browser.wait(lambda: sees in browser.text("body"), f"what {user.name} may see")
        # The reader sees no cluster, but the values of its bucket.
        browser.find("#prefix").send_keys("k")
        browser.find("#open").click()
        browser.wait(lambda: "for readers" in browser.text("#key-view"), "the value")
        browser.wait(lambda: "is not shown: " in browser.text("#key-view"), "that it may not see what replicas hold")
    finally:
        browser.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
        guarded.stop()

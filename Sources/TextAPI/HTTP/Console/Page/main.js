// Asks the node once a second, while somebody looks.

import { find, make, show } from "./elements.js";
import * as node from "./node.js";
import { showMembers, showProblems, showSlow, showWork } from "./overview.js";
import { showRing } from "./ring.js";
import { addLoad } from "./load.js";
import { startBrowser } from "./browser.js";

const interval = 1000;
let ring;
let isAsking = false;

/// The ring is asked for when it has changed.
async function ringOf(status) {
  const layout = `${status.layout_version} ${status.change?.version} ${status.change?.stage} ${(status.members ?? []).length}`;
  if (ring?.layout !== layout) ring = { layout, ...await node.ring() };
  return ring;
}

async function look() {
  try {
    const { status, load, own } = await node.overview();
    document.title = `${own.problems.length ? "! " : ""}${status.node}, kvnode`;
    find("cluster").textContent = `${status.cluster}, as ${status.node} sees it`;
    find("seen").dataset.live = "yes";
    show(find("seen"), [status.layout_version, status.partitions, status.replication], () =>
      `layout version ${status.layout_version ?? 0}, ${status.partitions ?? 0} partitions of ${status.replication ?? 0} replicas; live`);
    showProblems(own.problems);
    showMembers(status);
    showWork(status);
    showSlow(own.slow);
    addLoad(load);
    show(find("buckets"), own.buckets, () => own.buckets.map((name) => make("option", { value: name })));
    showRing(await ringOf(status), status);
  } catch (error) {
    if (!(error instanceof node.Refusal)) throw error;
    find("seen").dataset.live = "no";
    show(find("seen"), error.message, () => make("span", { class: "bad" }, `what is below is not of now: ${error.message}`));
  }
}

async function tick() {
  if (document.hidden || isAsking) return;
  isAsking = true;
  await look().finally(() => { isAsking = false; });
}

startBrowser();
setInterval(tick, interval);
document.addEventListener("visibilitychange", tick);
tick();

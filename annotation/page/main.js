// Puts the page together: server, editor, panel, keys, and the walk from patch to patch.

import { ask, choosePatch } from "./dialogs.js";
import { Editor } from "./editor.js";
import { listenToKeys } from "./keys.js";
import { UNKNOWN } from "./mask.js";
import { Panel } from "./panel.js";
import { Server, ServerError, takeToken } from "./server.js";
import { Status } from "./status.js";
import { View } from "./view.js";
import { Walk } from "./walk.js";

const element = (id) => document.getElementById(id);
const HEARTBEAT_MS = 4000;
const [SMALLEST_BRUSH, LARGEST_BRUSH] = [1, 128];

async function start() {
  const server = new Server(takeToken());
  let session;
  try {
    session = await server.session();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    document.body.dataset.state = "failed";
    element("notice").hidden = false;
    element("notice").textContent =
      error.status === 401 ? "Open the address that the command has printed: it holds the key to this page." : error.message;
    return;
  }
  const view = new View(element("canvas"));
  const editor = new Editor(view, session.classes);
  const walk = new Walk(server, session, editor);
  const panel = new Panel(editor);
  const status = new Status(session, editor, walk);

  const show = () => {
    panel.show();
    status.show();
    status.point();
  };
  editor.onchange = walk.onchange = show;
  editor.onpointer = () => status.point();
  editor.say = walk.say = (words) => status.say(words);
  walk.warn = (sentence) => status.warn(sentence);
  view.onmove = () => status.zoom();

  const actions = {
    digit: (digit, shifted) => {
      if (digit === 0) editor.choose(UNKNOWN);
      else editor.choose(session.classes.filter(({ index }) => index !== UNKNOWN)[digit - 1 + (shifted ? 9 : 0)]?.index);
    },
    nextPicture: () => {
      const names = Object.keys(editor.pictures);
      editor.set({ picture: names[(names.indexOf(editor.settings.picture) + 1) % names.length] });
    },
    toggle: (layer) => layer in editor.layers && editor.set({ [layer]: { shown: !editor.settings[layer].shown } }),
    resize: (step) => {
      const { brush, tolerance } = editor.settings;
      if (editor.tool === "fill") editor.set({ tolerance: Math.min(255, Math.max(0, tolerance + step * (tolerance < 20 ? 1 : 4))) });
      else editor.set({ brush: Math.min(LARGEST_BRUSH, Math.max(SMALLEST_BRUSH, brush + step * Math.max(1, Math.floor(brush / 8)))) });
    },
    fit: () => (view.fitted ? view.zoom(1, undefined, undefined, 1) : view.fit()),
    nextOpen: () => (walk.nextOpen < 0 ? status.say("All patches are edited") : walk.go(walk.nextOpen)),
    list: async () => walk.go(await choosePatch(walk.patches, walk.number)),
    help: () => ask("help"),
  };
  element("list-open").onclick = actions.list;
  element("help-open").onclick = actions.help;
  element("previous").onclick = () => walk.go(walk.number - 1);
  element("next").onclick = () => walk.go(walk.number + 1);
  element("save").onclick = () => walk.save();
  element("save-next").onclick = () => walk.saveAndNext();
  element("zoom-in").onclick = () => view.zoom(1.25);
  element("zoom-out").onclick = () => view.zoom(0.8);
  element("fit").onclick = actions.fit;
  document.querySelector("header").addEventListener("pointerup", () => setTimeout(() => document.activeElement?.blur()));
  listenToKeys(editor, walk, actions);

  // Buttons follow the pictures of each patch; most have the same.
  const open = editor.open.bind(editor);
  editor.open = (patch, content) => {
    panel.pictures(patch.pictures.map((name) => ({ name, label: session.pictures[name] ?? name })));
    open(patch, content);
  };

  const asked = Number(new URLSearchParams(location.search).get("patch")) - 1;
  const first = session.patches.findIndex((patch) => !patch.edited);
  await walk.go(session.patches[asked] ? asked : Math.max(0, first));
  show();
  watch(server, walk, status);
}

/** Say so when the command has ended: what is painted then can no longer be saved. */
function watch(server, walk, status) {
  let gone = false;
  setInterval(async () => {
    const alive = await server.alive();
    if (alive === !gone) return;
    gone = !alive;
    const again = `Started again with task.port=${location.port}, it lets this page go on${walk.dirty ? " and save" : ""}.`;
    status.warn(gone ? `The command has ended. ${again}` : null);
  }, HEARTBEAT_MS);
}

start();

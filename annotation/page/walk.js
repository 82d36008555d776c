// From patch to patch: loading, saving, and that nothing unsaved is lost on the way.

import { ask } from "./dialogs.js";
import { ServerError } from "./server.js";

export class Walk {
  #saving = null;
  #opening = 0;
  #ahead = null; // {number, content}: the patch that will probably be next

  constructor(server, session, editor) {
    this.server = server;
    this.editor = editor;
    this.patches = session.patches;
    this.number = -1;
    this.revision = "";
    this.onchange = () => {};
    this.say = () => {};
    this.warn = () => {};
    addEventListener("beforeunload", (event) => {
      if (this.dirty) event.preventDefault();
    });
  }

  get dirty() {
    return this.editor.mask !== null && (this.editor.mask.dirty || this.editor.polygonIsOpen);
  }

  get saving() {
    return this.#saving !== null;
  }

  get edited() {
    return this.patches.filter((patch) => patch.edited).length;
  }

  /** The nearest patch after this one (round the end) that is not edited; -1 where all are. */
  get nextOpen() {
    const { length } = this.patches;
    for (let step = 1; step <= length; step++) {
      const number = (this.number + step + length) % length;
      if (!this.patches[number].edited && number !== this.number) return number;
    }
    return -1;
  }

  /** Go to a patch, after asking about unsaved changes; true where it got there. */
  async go(number) {
    if (number < 0 || number >= this.patches.length || number === this.number) return false;
    if (!(await this.#mayLeave())) return false;
    return this.#open(number);
  }

  /** Load a patch; what is unsaved now may go, but nothing that is painted while it loads. */
  async #open(number) {
    const turn = ++this.#opening;
    const left = this.editor.mask?.state;
    document.body.dataset.state = "loading";
    try {
      const content = await this.#content(number);
      if (turn !== this.#opening) return false; // another was asked for meanwhile
      const { mask } = this.editor;
      if (mask && (mask.changing || mask.state !== left)) {
        document.body.dataset.state = "ready";
        this.say("Still here: the mask has changed meanwhile");
        return false;
      }
      this.number = number;
      this.revision = content.revision;
      this.editor.open(content.patch, content);
      history.replaceState(null, "", `?patch=${number + 1}`);
      document.body.dataset.state = "ready";
      this.warn(null);
      this.onchange();
      this.#loadAhead(number + 1);
      return true;
    } catch (error) {
      if (turn !== this.#opening) return false;
      document.body.dataset.state = this.number < 0 ? "failed" : "ready";
      this.#complain(error, "This patch cannot be opened");
      return false;
    }
  }

  async #content(number) {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead?.number === number) {
      const content = await ahead.content;
      if (content) return content;
    }
    return this.#load(number);
  }

  async #load(number) {
    const patch = await this.server.patch(number);
    const content = { patch, pictures: {} };
    const bytes = async (name) => (await this.server.layer(number, name)).bytes;
    await Promise.all([
      ...patch.pictures.map(async (name) => (content.pictures[name] = new Uint8Array(await bytes(name)))),
      ...patch.layers.map(async (name) => {
        const Numbers = name === "uncertainty" ? Float32Array : Uint8Array;
        content[name] = new Numbers(await bytes(name));
      }),
      this.server.layer(number, "mask").then((mask) => {
        content.mask = new Uint8Array(mask.bytes);
        content.revision = mask.revision;
      }),
    ]);
    content.pictures = Object.fromEntries(patch.pictures.map((name) => [name, content.pictures[name]]));
    return content;
  }

  #loadAhead(number) {
    if (number >= this.patches.length) return;
    // What fails here fails again, and is told, when the patch is opened.
    this.#ahead = { number, content: this.#load(number).catch(() => null) };
  }

  /** Save what is there now; true where it is on the disk. */
  async save(overwrite = false) {
    this.editor.finish();
    if (this.editor.polygonIsOpen) this.editor.tools.polygon.finish();
    if (this.#saving) {
      await this.#saving;
      if (!this.dirty) return true;
    }
    this.#saving = this.#save(overwrite);
    this.onchange();
    try {
      return await this.#saving;
    } finally {
      this.#saving = null;
      this.onchange();
    }
  }

  async #save(overwrite) {
    const { mask } = this.editor;
    const { number } = this;
    const { state } = mask;
    try {
      const answer = await this.server.save(number, mask.pixels.slice(), overwrite ? null : this.revision);
      mask.saved = state;
      this.patches[number].edited = true;
      if (this.number === number) this.revision = answer.revision;
      this.warn(null);
      const left = this.patches.length - this.edited;
      this.say(left ? `Saved. ${left} to go` : "Saved. All patches are edited");
      return true;
    } catch (error) {
      if (error instanceof ServerError && error.status === 409 && !overwrite) return this.#settle();
      this.#complain(error, "Not saved, your changes are still here");
      return false;
    }
  }

  /** Somebody else has saved this patch: who wins? */
  async #settle() {
    const choice = await ask("conflict");
    if (choice === "overwrite") return this.#save(true);
    if (choice === "theirs") {
      const theirs = await this.server.layer(this.number, "mask");
      this.editor.replace(new Uint8Array(theirs.bytes), true);
      this.editor.mask.saved = this.editor.mask.state;
      this.patches[this.number].edited = true;
      this.revision = theirs.revision;
      this.say("Taken over; undo brings yours back");
      return true;
    }
    return false;
  }

  async saveAndNext() {
    const number = this.number;
    if (!(await this.save()) || this.number !== number) return;
    if (number + 1 < this.patches.length) await this.go(number + 1);
    else if (this.nextOpen >= 0) await this.go(this.nextOpen);
  }

  async #mayLeave() {
    if (this.#saving) await this.#saving;
    if (!this.dirty) return true;
    const choice = await ask("unsaved", this.patches[this.number].name);
    if (choice === "save") return this.save();
    return choice === "discard";
  }

  #complain(error, what) {
    if (!(error instanceof ServerError)) throw error;
    this.warn(`${what}: ${error.message}`);
  }
}

// All that goes to the server and comes from it.

const TOKEN_KEY = "nadir-token";

/** Token of the address that the command printed; kept for reloads and other tabs, gone from the address bar. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? localStorage.getItem(TOKEN_KEY) ?? "";
}

/** What the server refused (`status`, one sentence), or that it cannot be reached (status 0). */
export class ServerError extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export class Server {
  #folder = null; // which patches the page is about

  constructor(token) {
    this.token = token;
  }

  /** Whether the server is still there. */
  async alive() {
    try {
      await this.#ask("api/alive");
      return true;
    } catch (error) {
      return error.status !== 0;
    }
  }

  async session() {
    const session = await (await this.#ask("api/session")).json();
    this.#folder = session.identity;
    return session;
  }

  async patch(number) {
    return (await this.#ask(`api/patches/${number}`)).json();
  }

  /** One layer of a patch: its bytes, and the revision of what they were read from. */
  async layer(number, name) {
    const answer = await this.#ask(`api/patches/${number}/layers/${name}`);
    return { bytes: await answer.arrayBuffer(), revision: answer.headers.get("X-Nadir-Revision") ?? "" };
  }

  /** Save class indices; refused with status 409 where the file is no longer of `revision` (null: whatever it is). */
  async save(number, pixels, revision) {
    const headers = { "Content-Type": "application/octet-stream" };
    if (revision !== null) headers["X-Nadir-Revision"] = revision;
    const answer = await this.#ask(`api/patches/${number}/mask`, { method: "PUT", body: pixels, headers });
    return answer.json();
  }

  async #ask(path, options) {
    let answer = await this.#fetch(path, options);
    if (answer.status === 401 && (await this.#resume())) answer = await this.#fetch(path, options);
    if (answer.ok) return answer;
    const sentence = (await answer.json().catch(() => ({}))).message;
    throw new ServerError(answer.status, sentence ?? `the server answered ${answer.status}`);
  }

  async #fetch(path, { headers = {}, ...options } = {}) {
    try {
      return await fetch(path, { ...options, headers: { ...headers, "X-Nadir-Token": this.token }, cache: "no-store" });
    } catch {
      throw new ServerError(0, "The server does not answer. Has the command ended?");
    }
  }

  /** After the command was started again on the same port: go on with its token, if it is about the same patches. */
  async #resume() {
    const token = localStorage.getItem(TOKEN_KEY);
    if (this.#folder === null || !token || token === this.token) return false;
    const answer = await fetch("api/session", { headers: { "X-Nadir-Token": token }, cache: "no-store" });
    if (!answer.ok || (await answer.json()).identity !== this.#folder) return false;
    this.token = token;
    return true;
  }
}

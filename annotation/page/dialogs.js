// Questions that must be answered before anything else happens, and lists to look at.

const KEYS = {
  unsaved: { KeyS: "save", KeyD: "discard" },
  conflict: { KeyO: "overwrite", KeyT: "theirs" },
};

/** Show a dialog and wait for the value of the button that closes it; "" for Escape. */
export function ask(id, subject = "") {
  const dialog = document.getElementById(id);
  const place = dialog.querySelector(".subject");
  if (place) place.textContent = subject;
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.onclose = () => {
      document.activeElement?.blur(); // the keys belong to the patch again
      resolve(dialog.returnValue);
    };
    dialog.onclick = (event) => {
      const button = event.target.closest("menu button");
      if (button) dialog.close(button.value);
      else if (event.target === dialog) dialog.close(""); // beside it
    };
    dialog.onkeydown = (event) => {
      if (!dialog.open) return; // closed, though the focus is still inside
      event.stopPropagation();
      const value = KEYS[id]?.[event.code];
      if (value === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      dialog.close(value);
    };
    dialog.showModal();
  });
}

export function anyDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

/** The list of all patches; gives the number of the chosen one, or -1. */
export async function choosePatch(patches, current) {
  const [rows, filter] = [document.getElementById("list-rows"), document.getElementById("list-filter")];
  filter.value = "";
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    const lines = patches.map((patch, number) => {
      if (wanted && !`${patch.name} ${patch.id}`.toLowerCase().includes(wanted)) return null;
      const line = document.createElement("li");
      const button = document.createElement("button");
      button.value = number;
      button.classList.toggle("edited", patch.edited);
      button.classList.toggle("current", number === current);
      for (const text of [patch.name, patch.id, patch.score === null ? "" : patch.score.toPrecision(3)]) {
        const cell = document.createElement("span");
        cell.textContent = text;
        button.append(cell);
      }
      line.append(button);
      return line;
    });
    rows.replaceChildren(...lines.filter(Boolean));
  };
  show();
  const dialog = document.getElementById("list");
  filter.oninput = show;
  rows.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) dialog.close(button.value);
  };
  filter.onkeydown = (event) => {
    if (event.key === "Enter") {
      event.stopPropagation(); // the list is closed then, and the key would save the patch
      dialog.close(rows.querySelector("button")?.value ?? "");
    }
    if (event.key === "ArrowDown") rows.querySelector("button")?.focus();
  };
  rows.onkeydown = (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (!step) return;
    event.preventDefault();
    (document.activeElement.closest("li")?.[step]?.firstElementChild ?? filter).focus();
  };
  const answer = ask("list");
  rows.querySelector(".current")?.scrollIntoView({ block: "center" });
  filter.focus();
  const chosen = await answer;
  return chosen === "" ? -1 : Number(chosen);
}

// What every part of the page draws with.

export const at = (id) => document.getElementById(id);

export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

// Text that did not change is left alone: a screen reader would say it again.
export function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// Shows a line, or hides it where there is nothing to say.
export function say(id, words) {
  put(at(id), words);
  at(id).hidden = words === "";
}

// Keeps a list's rows those of `keys`, in that order; `make(key)` makes a row with its `item`.
export function keep(list, rows, keys, make) {
  const wanted = new Set(keys);
  for (const [key, row] of rows) {
    if (wanted.has(key)) continue;
    row.item.remove();
    rows.delete(key);
  }
  let index = 0;
  for (const key of wanted) {
    if (!rows.has(key)) rows.set(key, make(key));
    const { item } = rows.get(key);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    index += 1;
  }
}

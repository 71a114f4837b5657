// What the page keeps in the browser. Private windows and full disks may refuse: then it is kept
// for as long as the page is open.

const prefix = "redbolt.";

export function load(name) {
  try {
    return localStorage.getItem(prefix + name) ?? sessionStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

// value null: forget it. forTab: only in this tab, until it is closed.
export function store(name, value, { forTab = false } = {}) {
  try {
    localStorage.removeItem(prefix + name);
    sessionStorage.removeItem(prefix + name);
    if (value !== null) (forTab ? sessionStorage : localStorage).setItem(prefix + name, value);
    return true;
  } catch {
    return false;
  }
}

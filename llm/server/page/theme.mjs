// Light, dark, or as the system has it.
import { byId } from "./elements.mjs";
import { load, store } from "./storage.mjs";

const themes = ["system", "light", "dark"];
const labels = { system: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

export function startTheme() {
  const button = byId("theme");
  let theme = themes.includes(load("theme")) ? load("theme") : "system";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-label", labels[theme]);
    button.title = labels[theme];
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    store("theme", theme);
    show();
  });
  show();
}

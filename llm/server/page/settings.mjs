// The dialog with the system prompt and how to draw tokens. An empty number leaves the choice to
// the server.
import { samplingNumbers } from "./conversation.mjs";
import { byId, element } from "./elements.mjs";
import { load, store } from "./storage.mjs";

const texts = ["system", "model", "thinking"];

export const defaults = { system: "", model: "", thinking: "auto", calculator: true };

function restored() {
  const settings = { ...defaults };
  try {
    const stored = JSON.parse(load("settings")) ?? {};
    for (const name of texts) if (typeof stored[name] === "string") settings[name] = stored[name];
    for (const name of samplingNumbers) if (Number.isFinite(stored[name])) settings[name] = stored[name];
    if (typeof stored.calculator === "boolean") settings.calculator = stored.calculator;
  } catch {
    // What cannot be read is as good as nothing.
  }
  return settings;
}

export class Settings {
  values = restored();
  #dialog = byId("settings");
  #form = byId("settings-form");

  constructor() {
    byId("open-settings").addEventListener("click", () => this.#open());
    byId("settings-cancel").addEventListener("click", () => this.#dialog.close());
    byId("settings-reset").addEventListener("click", () => this.#fill(defaults));
    // Only a form that is valid is submitted, so the numbers are within the limits in page.html.
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#read();
      store("settings", JSON.stringify(this.values));
      this.#dialog.close();
    });
  }

  // The models that the server has, for the choice among them.
  offerModels(names) {
    const select = this.#form.elements.model;
    const chosen = names.includes(this.values.model) ? this.values.model : "";
    this.values.model = chosen;
    const options = names.map((name) => element("option", { value: name }, name));
    select.replaceChildren(element("option", { value: "" }, "the server's own choice"), ...options);
    select.value = chosen;
    byId("model-field").hidden = names.length < 2;
  }

  #open() {
    this.#fill(this.values);
    this.#dialog.showModal();
  }

  #fill(values) {
    const fields = this.#form.elements;
    for (const name of texts) fields[name].value = values[name];
    for (const name of samplingNumbers) fields[name].value = values[name] ?? "";
    fields.calculator.checked = values.calculator;
  }

  #read() {
    const fields = this.#form.elements;
    const values = { calculator: fields.calculator.checked };
    for (const name of texts) values[name] = fields[name].value;
    for (const name of samplingNumbers) {
      if (fields[name].value !== "") values[name] = fields[name].valueAsNumber;
    }
    this.values = values;
  }
}

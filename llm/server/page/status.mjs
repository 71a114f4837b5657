// The strip with the model, the card's memory, speed and temperature.
import { byId } from "./elements.mjs";

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

function scaled(bytes) {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit + 1 < units.length; unit++) value /= 1024;
  return { value: value.toFixed(unit === 0 || value >= 100 ? 0 : 1), unit: units[unit] };
}

function shareText(part, whole) {
  const [a, b] = [scaled(part), scaled(whole)];
  return a.unit === b.unit ? `${a.value} of ${b.value} ${b.unit}` : `${a.value} ${a.unit} of ${b.value} ${b.unit}`;
}

function cell(name, value) {
  const shown = value !== null && value !== undefined;
  byId(`status-${name}`).hidden = !shown;
  if (shown) byId(`status-${name}-value`).textContent = value;
}

function showMeter(meter, value, most) {
  meter.setAttribute("aria-valuemax", most);
  meter.setAttribute("aria-valuenow", value);
  meter.setAttribute("aria-valuetext", shareText(value, most));
  meter.firstElementChild.style.width = `${100 * Math.min(1, value / most)}%`;
}

const isNumber = (value) => typeof value === "number";

function show(status) {
  const { device = {}, arena = {} } = status;
  const models = status.models?.join(", ") || status.model;
  cell("model", models);
  byId("status-model-value").title = models ?? "";
  cell("speed", isNumber(status.tokens_per_second) ? `${status.tokens_per_second.toFixed(1)} tok/s` : null);
  cell("temperature", isNumber(device.temperature_celsius)
                          ? `${Math.round(device.temperature_celsius)} °C` : null);
  const known = isNumber(arena.bytes) && isNumber(arena.used_bytes);
  cell("arena", known ? shareText(arena.used_bytes, arena.bytes) : null);
  if (known) showMeter(byId("status-arena-meter"), arena.used_bytes, arena.bytes);
  cell("waiting", status.waiting > 0 ? `${status.waiting} waiting` : null);
  cell("device", device.emulated ? "emulated card" : null);
  if (device.name) byId("status").title = `${device.name}${device.emulated ? " (emulated)" : ""}`;
}

// Asks for /health and /status while the page is looked at; onState hears null, or what is wrong.
export class StatusStrip {
  #server;
  #onState;
  #timer = null;
  #asking = false;

  constructor(server, onState) {
    this.#server = server;
    this.#onState = onState;
    document.addEventListener("visibilitychange", () => this.#ask());
    this.#ask();
  }

  refresh() { this.#ask(); }

  async #ask() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#asking) return;
    this.#asking = true;
    try {
      await this.#server.json("/health");  // a model that is being loaded says how far it is
      show(await this.#server.json("/status"));
      this.#onState(null);
    } catch (problem) {
      this.#onState(problem);
    }
    this.#asking = false;
    this.#timer = setTimeout(() => this.#ask(), 2000);
  }
}

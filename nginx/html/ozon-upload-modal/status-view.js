import { aria, h } from "./dom.js";
import { MAX_IMAGES } from "./image-list.js";
import { formatBytes, formatDuration } from "./quantities.js";

/** @typedef {import("./languages.js").Texts} Texts */
/** @typedef {import("./push.js").Push} Push */

/**
 * The five steps, the sentence about the present state, and the progress of uploads. The sentence changes seldom, since
 * screen readers announce it; the progress is refreshed every second.
 */
export class StatusView {
  #steps = h("ol", { part: "steps" });
  #status = h("div", { part: "status", role: "status" });
  #bar = h("progress", { max: "1", value: "0" });
  #numbers = h("span");
  #progress = h("div", { part: "progress", hidden: "" }, this.#bar, this.#numbers);
  elements = [this.#steps, h("div", { class: "summary" }, this.#status, this.#progress)];
  /** @type {number | undefined} */
  #timer;
  // The arguments of the last render().
  /** @type {[Texts, Push | null] | undefined} */
  #shown;

  /**
   * @param {Texts} texts
   * @param {import("./footer.js").State} state
   */
  render(texts, { running, outcome, step, isAsking, count, unsupported, loginURL }) {
    this.#renderSteps(texts, running ? running.step : step, running ? "running" : outcome?.kind);
    let kind = outcome?.kind ?? "";
    let { text = "", hint = "", requestId = "" } = outcome ?? {};
    if (running) {
      kind = "running";
      text = isAsking ? texts[running.isSent ? "askToClose" : "askToStop"] : sentenceOf(running, texts);
      if (!navigator.onLine) hint = texts.offline;
      else if (running.waitingSince) hint = texts.retrying;
    } else if (!outcome && unsupported > 0) {
      kind = "warn";
      text = texts.unsupportedFiles(unsupported);
    } else if (!outcome && count > 0) {
      text = texts.ready(count);
      if (count > MAX_IMAGES) hint = texts.tooMany(MAX_IMAGES, count - MAX_IMAGES);
    }
    /** @type {HTMLElement[]} */
    const lines = [h("p", { class: kind }, text)];
    const link = outcome?.needsLogin && loginURL &&
      h("a", { href: loginURL, target: "_blank", part: "login" }, texts.logIn);
    if (hint) lines.push(h("p", { class: "hint" }, hint, ...(link ? [" ", link] : [])));
    if (requestId) lines.push(h("small", {}, `${texts.requestId} ${requestId}`));
    const isChanged = lines.map((line) => line.outerHTML).join("") !== this.#status.innerHTML;
    if (isChanged) this.#status.replaceChildren(...lines);

    this.#shown = [texts, isAsking ? null : running];
    this.#renderProgress();
    if (running) this.#timer ??= window.setInterval(() => this.#renderProgress(), 1000);
    else this.#stopTimer();
  }

  #stopTimer() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * @param {Texts} texts
   * @param {number} current
   * @param {string} [kind]
   */
  #renderSteps({ steps }, current, kind) {
    const items = steps.map((step, index) => {
      const isCurrent = index === current;
      const item = h("li", { class: index < current ? "good" : isCurrent && kind }, step);
      if (isCurrent && kind === "running") aria(item, { current: "step" });
      return item;
    });
    this.#steps.replaceChildren(...items);
  }

  #renderProgress() {
    if (!this.#shown) return;
    const [texts, running] = this.#shown;
    const { phase, meter, pendingSince = 0, wait, waitingSince = 0 } = running ?? {};
    const isUploading = phase === "uploading";
    this.#progress.hidden = !isUploading && phase !== "pending" && !waitingSince;
    this.#bar.hidden = !isUploading;
    if (waitingSince) {
      const facts = [texts.waitingFor(durationSince(waitingSince, texts))];
      const seconds = ((wait?.until ?? 0) - Date.now()) / 1000;
      if (seconds > 0) facts.push(texts.nextAttempt(formatDuration(seconds, texts.language)));
      this.#numbers.textContent = facts.join(" · ");
    } else if (phase === "pending") {
      this.#numbers.textContent = texts.pendingFor(durationSince(pendingSince, texts));
    } else if (isUploading && meter) {
      const { bytes, total, speed, secondsLeft } = meter;
      const { language } = texts;
      const facts = [texts.amount(formatBytes(bytes, language), formatBytes(total, language))];
      if (speed > 0) facts.push(`${formatBytes(speed, language)}/s`);
      if (secondsLeft !== undefined) facts.push(texts.timeLeft(formatDuration(secondsLeft, language)));
      aria(this.#bar, { label: texts.states.sending });
      this.#bar.value = total > 0 ? bytes / total : 0;
      this.#numbers.textContent = facts.join(" · ");
    }
  }
}

/** @type {(push: Push, texts: Texts) => string} */
function sentenceOf({ phase, uploaded, files }, texts) {
  if (phase === "uploading") return texts.uploaded(uploaded, files);
  return phase === "pending" ? texts.pending : texts.pushing;
}

/** @type {(time: number, texts: Texts) => string} */
function durationSince(time, { language }) {
  return formatDuration(Math.max(1, Math.floor((performance.now() - time) / 1000)), language);
}

/**
 * Creates an element. An attribute whose value is a function becomes an event listener; false and undefined leave the
 * attribute out.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, any>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/**
 * Sets aria attributes: `aria(element, { label, disabled })`. Firefox has element.ariaLabel only since version 119.
 *
 * @param {Element} element
 * @param {Record<string, string | number | boolean>} values
 */
export function aria(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(`aria-${name}`, String(value));
}

/**
 * Sets the properties again that were set before the element was defined, because they hide the accessors of its class.
 *
 * @param {any} element
 * @param {string[]} names
 */
export function setAgain(element, ...names) {
  for (const name of names.filter((name) => Object.hasOwn(element, name))) {
    const { [name]: value } = element;
    delete element[name];
    element[name] = value;
  }
}

/**
 * An <img>, hidden if it can't be loaded.
 *
 * @param {string | undefined} src
 * @param {Record<string, string>} [attributes]
 */
export function thumbnail(src, attributes) {
  const hide = (/** @type {Event} */ { target }) => (/** @type {HTMLImageElement} */ (target).hidden = true);
  return h("img", { alt: "", loading: "lazy", error: hide, ...attributes, src });
}

/**
 * Creates an element. An attribute whose value is a function becomes an event listener; false and undefined leave the
 * attribute out.
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

/** An <img>, hidden if it can't be loaded. */
export function thumbnail(src, attributes) {
  const hide = ({ target }) => (target.hidden = true);
  return h("img", { alt: "", loading: "lazy", error: hide, ...attributes, src });
}

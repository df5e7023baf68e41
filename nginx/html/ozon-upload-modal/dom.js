/**
 * An element with its attributes and children, as text or nodes.
 *
 * An attribute that is a function listens to the event of that name; `true` is present without a value; `false`, `null`
 * and `undefined` are absent. Styles are set by script (`element.style`): a page's Content-Security-Policy stops the
 * attribute.
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

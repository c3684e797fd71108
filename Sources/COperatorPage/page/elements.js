// SPDX-License-Identifier: MIT
// Nodes of the page. Text that comes from anywhere becomes a text node, never markup.

const svgNamespace = "http://www.w3.org/2000/svg";

/** An HTML element; children are nodes or texts, and those that are null are left out. */
export function element(name, attributes = {}, ...children) {
    return filled(document.createElement(name), attributes, children);
}

/** An SVG element. */
export function drawing(name, attributes = {}, ...children) {
    return filled(document.createElementNS(svgNamespace, name), attributes, children);
}

function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}

/** Sets an attribute, or takes it away for null and false. */
export function setAttribute(node, name, value) {
    if (value === null || value === undefined || value === false) {
        if (node.hasAttribute(name)) node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) {
        node.setAttribute(name, value === true ? "" : value);
    }
}

/** Changes a node's text only if it is another one, so that selections and screen readers are left in peace. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

/** The element with an id of page.html. */
export function part(id) {
    return document.getElementById(id);
}

const keptParts = new WeakMap();

/**
 * Makes the children of a parent those of a list of items, and keeps the nodes of those that stay.
 *
 * @param keyOf tells items apart.
 * @param make gives for an item what shows it: `{node, update(item)}`.
 */
export function showEach(parent, items, keyOf, make) {
    const before = keptParts.get(parent) ?? new Map();
    const kept = new Map();
    for (const item of items) {
        const key = keyOf(item);
        const shown = before.get(key) ?? make(item);
        before.delete(key);
        shown.update?.(item);
        kept.set(key, shown);
    }
    for (const shown of before.values()) shown.node.remove();
    placeInOrder(parent, [...kept.values()].map((shown) => shown.node));
    keptParts.set(parent, kept);
}

/** Moves only nodes that stand elsewhere: one that is moved loses the focus. */
function placeInOrder(parent, nodes) {
    let place = parent.firstChild;
    for (const node of nodes) {
        if (node === place) {
            place = place.nextSibling;
        } else {
            parent.insertBefore(node, place);
        }
    }
}

/**
 * Cycles in a graph, found by a depth-first search. Where there is one, at least one is named; where several share nodes, maybe
 * not each of them.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[][]} each from a node back to the same node
 */
export function cyclesIn(graph) {
    /** @type {string[][]} */
    const found = [];
    const done = new Set();
    /** @type {string[]} */
    const path = [];
    /** @param {string} node */
    const visit = node => {
        if (path.includes(node)) {
            found.push([...path.slice(path.indexOf(node)), node]);
            return;
        }
        if (done.has(node))
            return;
        path.push(node);
        for (const target of graph.get(node) ?? [])
            visit(target);
        path.pop();
        done.add(node);
    };
    for (const node of graph.keys())
        visit(node);
    return found;
}

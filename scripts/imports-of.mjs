import {readFileSync} from 'node:fs';
import ts from 'typescript';

/**
 * What a file imports, in its order: `import`, `export ... from`, `import()` and `import('...')` in types. Parsed, so that
 * text in comments and strings is not taken for an import.
 *
 * @param {string} file
 * @returns {string[]} specifiers as written
 */
export function importsOf(file) {
    /** @type {string[]} */
    const found = [];
    /** @param {ts.Node | undefined} node */
    const add = node => {
        if (node !== undefined && ts.isStringLiteralLike(node))
            found.push(node.text);
    };
    /** @param {ts.Node} node */
    const visit = node => {
        if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
            add(node.moduleSpecifier);
        else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
            add(node.argument.literal);
        else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
            add(node.arguments[0]);
        ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false));
    return found;
}

import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import ts from "typescript"

/**
 * Changes each object and array literal of the modules in a folder so that what it makes is shown to `globalThis.literal(number, made)` first.
 *
 * @returns the literals by their numbers: file, line, and how each begins
 */
export function instrument(folder) {
  const literals = []
  for (const entry of readdirSync(folder, { recursive: true })) {
    if (!entry.endsWith(".js")) continue
    const file = join(folder, entry)
    writeFileSync(file, shown(readFileSync(file, "utf8"), relative(folder, file), literals))
  }
  return literals
}

function shown(text, name, literals) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const marks = []
  const visit = (node) => {
    if ((ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)) && !isPattern(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      marks.push({ at: node.getStart(), text: `globalThis.literal(${literals.length}, ` }, { at: node.getEnd(), text: ")" })
      literals.push(`${name}:${line + 1}  ${node.getText().replaceAll(/\s+/g, " ").slice(0, 80)}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  // From the end, so that places before stay right; at one place what ends there comes before what begins.
  marks.sort((a, b) => b.at - a.at || (a.text === ")" ? 1 : -1))
  return marks.reduce((changed, { at, text: mark }) => changed.slice(0, at) + mark + changed.slice(at), text)
}

/** `[a, b] = …` and `for ([a, b] of …)` make nothing. */
function isPattern(node) {
  for (let at = node; at.parent; at = at.parent) {
    const { parent } = at
    if (ts.isBinaryExpression(parent) && parent.left === at && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken) return true
    if (ts.isForOfStatement(parent) && parent.initializer === at) return true
    if (!ts.isArrayLiteralExpression(parent) && !ts.isObjectLiteralExpression(parent) && !ts.isPropertyAssignment(parent) && !ts.isSpreadElement(parent))
      return false
  }
  return false
}

// The project's own source, read with the TypeScript compiler, for the tests of its structure.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'

export interface SourceFile {
  /** From the root of the project: `src/tree/walk.ts`. */
  readonly path: string
  readonly ast: ts.SourceFile
  readonly text: string
}

export interface Import {
  /** A path from the root for a relative import, else the module's name. */
  readonly target: string
  /** Gone after compilation. */
  readonly typeOnly: boolean
}

export function sourceFiles(...roots: readonly string[]): readonly SourceFile[] {
  return roots.flatMap(filesUnder).map((path) => {
    const text = readFileSync(path, 'utf8')
    return { path, text, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
  })
}

function filesUnder(root: string): readonly string[] {
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, name))
    .toSorted()
}

/** Every node of a file, parents before children. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  for (const child of node.getChildren()) yield* nodesOf(child)
}

/** Static imports, re-exports and `import()` of a fixed name. */
export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = []
  for (const node of nodesOf(file.ast)) {
    const name = specifierOf(node)
    if (name === undefined) continue
    found.push({
      target: name.startsWith('.') ? normalize(join(dirname(file.path), name)) : name,
      typeOnly: isTypeOnly(node),
    })
  }
  return found
}

function specifierOf(node: ts.Node): string | undefined {
  const specifier =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : undefined
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  if (!ts.isImportDeclaration(node)) return false
  const clause = node.importClause
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const names = clause.namedBindings
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false
  return names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly)
}

/** Lines that hold code: no blanks, no comments. */
export function codeLines(node: ts.Node): number {
  const source = node.getSourceFile()
  const lines = new Set<number>()
  for (const token of nodesOf(node)) {
    if (token.getChildCount() > 0 || token.getWidth() === 0) continue
    const first = source.getLineAndCharacterOfPosition(token.getStart()).line
    const last = source.getLineAndCharacterOfPosition(token.getEnd()).line
    for (let line = first; line <= last; line++) lines.add(line)
  }
  return lines.size
}

export interface FunctionSize {
  readonly place: string
  readonly lines: number
  readonly parameters: number
}

/** Every function with a body. */
export function functionsOf(file: SourceFile): readonly FunctionSize[] {
  const found: FunctionSize[] = []
  for (const node of nodesOf(file.ast)) {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) continue
    const line = file.ast.getLineAndCharacterOfPosition(node.getStart()).line + 1
    found.push({ place: `${file.path}:${line}`, lines: codeLines(node), parameters: node.parameters.length })
  }
  return found
}

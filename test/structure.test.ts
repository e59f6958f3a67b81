// The rules of the house, where a machine can see them: who imports whom, who touches the world, how big things grow.

import { basename } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { backends } from '../src/keys/registry.ts'
import { codeLines, functionsOf, importsOf, nodesOf, sourceFiles, type SourceFile } from './source-tree.ts'

const files = sourceFiles('src', 'plugin')
const src = files.filter(({ path }) => path.startsWith('src/'))

const anywhere = ['src/errors.ts', 'src/rfc3339.ts']

/** What each part may import beside itself and `anywhere`. A name that ends in `/` is a folder. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/rfc3339.ts': [],
  'src/host.ts': [],
  'src/shamir.ts': [],
  'src/tree/': [],
  'src/cipher/': ['src/tree/'],
  'src/mac.ts': ['src/tree/', 'src/cipher/'],
  'src/stores/': ['src/tree/'],
  'src/keys/': ['src/host.ts', 'src/shamir.ts'],
  'src/metadata/': ['src/tree/', 'src/keys/'],
  'src/config/': ['src/host.ts', 'src/tree/', 'src/keys/', 'src/metadata/', 'src/stores/', 'src/destinations/types.ts'],
  'src/destinations/': ['src/host.ts', 'src/tree/', 'src/stores/registry.ts', 'src/keys/types.ts'],
  'src/kubernetes/': ['src/tree/', 'src/stores/scalar-text.ts'],
  'src/node-host.ts': ['src/host.ts'],
  'src/operations/': [
    ...['src/host.ts', 'src/node-host.ts', 'src/tree/', 'src/cipher/', 'src/mac.ts', 'src/stores/', 'src/keys/'],
    ...['src/metadata/', 'src/config/'],
  ],
  'src/index.ts': ['src/'],
  'src/cli/': [
    ...['src/index.ts', 'src/node-host.ts', 'src/host.ts', 'src/config/', 'src/keys/registry.ts', 'src/keys/types.ts'],
    ...['src/destinations/registry.ts', 'src/destinations/types.ts', 'src/kubernetes/'],
    ...[
      'src/keys/data-key-cache.ts',
      'src/stores/registry.ts',
      'src/stores/types.ts',
      'src/tree/kinds.ts',
      'src/tree/types.ts',
      'src/metadata/types.ts',
    ],
  ],
  'plugin/': [
    ...['src/index.ts', 'src/node-host.ts', 'src/host.ts', 'src/kubernetes/', 'src/stores/', 'src/cipher/envelope.ts'],
    'src/keys/pool.ts',
  ],
}

/** The only files of `keys` that the rest of the program knows. */
const keysDoors = [
  ...['src/keys/registry.ts', 'src/keys/types.ts'],
  ...['src/keys/key-group.ts', 'src/keys/data-key-cache.ts', 'src/keys/key-service/local.ts', 'src/keys/pool.ts'],
]

/** Imports beside the rules. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // It makes keys of one kind, by name.
  'src/cli/commands/keygen.ts': ['src/keys/age/identity-sources.ts', 'src/keys/age/keygen.ts'],
  // What it wrote must be ciphertext.
  'src/cli/commands/from-sealed.ts': ['src/cipher/envelope.ts'],
  // It serves keys of every kind.
  'src/cli/commands/keyservice.ts': ['src/keys/key-service/server.ts'],
  // Values as texts, as the dotenv store has them.
  'src/cli/exec/variables.ts': ['src/stores/scalar-text.ts'],
  // An editor's command is split as that of an age key is.
  'src/cli/editor/choice.ts': ['src/keys/age/shell-words.ts'],
  // The ways to a service are those of its keys: credentials, addresses that may be trusted, limits.
  'src/destinations/failure.ts': ['src/keys/deadline.ts'],
  'src/destinations/aws.ts': [
    ...['src/keys/kms/credentials.ts', 'src/keys/kms/failure.ts', 'src/keys/kms/fetch-handler.ts'],
    ...['src/keys/kms/sdk.ts', 'src/keys/kms/settings.ts'],
  ],
  'src/destinations/s3-client.ts': ['src/keys/per-host.ts', 'src/keys/sdk.ts'],
  'src/destinations/aws-secrets-manager-client.ts': ['src/keys/per-host.ts', 'src/keys/sdk.ts'],
  'src/destinations/google.ts': [
    ...['src/keys/deadline.ts', 'src/keys/gcp-kms/credentials.ts', 'src/keys/per-host.ts'],
    'src/keys/response-body.ts',
  ],
  'src/destinations/azure-key-vault-client.ts': [
    ...['src/keys/azure-kv/client.ts', 'src/keys/azure-kv/failure.ts', 'src/keys/azure-kv/vault-address.ts'],
    ...['src/keys/per-host.ts', 'src/keys/sdk.ts'],
  ],
  'src/destinations/vault-client.ts': [
    ...['src/keys/hc-vault/allow-list.ts', 'src/keys/hc-vault/exchange.ts', 'src/keys/hc-vault/failure.ts'],
    'src/keys/hc-vault/uri.ts',
  ],
  // Both programs in one.
  'plugin/standalone.ts': ['src/cli/main.ts'],
  // `--version` loads nothing else.
  'src/cli/version.ts': ['src/operations/version.ts'],
}

const worldly = (path: string): boolean =>
  path === 'src/node-host.ts' || path.startsWith('src/cli/') || /^plugin\/(main|standalone|node-\w+)\.ts$/.test(path)

describe('imports', () => {
  test.for(files)('$path imports only what its part may', (file) => {
    const part = partOf(file.path)
    expect(part, 'a file that belongs to no part').toBeDefined()
    const allowed = [...(mayImport[part ?? ''] ?? []), ...anywhere, ...(exceptions[file.path] ?? []), part ?? '']
    const wrong = localImports(file).filter(
      (target) => !allowed.some((name) => (name.endsWith('/') ? target.startsWith(name) : target === name)),
    )
    expect(wrong).toEqual([])
  })

  test('key backends are reached through the registry only', () => {
    const wrong = files
      .filter(({ path }) => !path.startsWith('src/keys/') && path !== 'src/index.ts')
      .flatMap((file) => localImports(file).map((target) => [file.path, target] as const))
      .filter(([, target]) => target.startsWith('src/keys/') && !keysDoors.includes(target))
      .filter(([path, target]) => exceptions[path]?.includes(target) !== true)
    expect(wrong).toEqual([])
  })

  test('nothing imports the shells', () => {
    const wrong = src
      .filter(({ path }) => !path.startsWith('src/cli/'))
      .flatMap((file) => localImports(file))
      .filter((target) => target.startsWith('src/cli/') || target.startsWith('plugin/'))
    expect(wrong).toEqual([])
  })

  test('there are no cycles of values', () => {
    expect(cyclesIn(files)).toEqual([])
  })

  test('patterns of users are compiled in two places', () => {
    const users = files
      .filter((file) => importsOf(file).some(({ target }) => target === 're2js'))
      .map(({ path }) => path)
    expect(
      users.filter(
        (path) =>
          !['src/tree/selection.ts', 'src/config/creation-rule.ts', 'src/config/path-pattern.ts'].includes(path),
      ),
    ).toEqual([])
  })
})

describe('the world', () => {
  const modules = [
    'fs',
    'fs/promises',
    'child_process',
    'net',
    'http',
    'https',
    'http2',
    'os',
    'worker_threads',
    'process',
  ]

  test.for(files.filter(({ path }) => !worldly(path)))('$path touches it only through the Host', (file) => {
    const imported = importsOf(file).filter(({ target }) =>
      modules.some((name) => target === name || target === `node:${name}`),
    )
    expect(imported).toEqual([])
    expect(identifiersIn(file, new Set(['process', 'console', 'globalThis']))).toEqual([])
  })

  test('nobody calls process.exit', () => {
    expect(files.filter(({ text }) => /process\.(exit|abort)\(/.test(text)).map(({ path }) => path)).toEqual([])
  })

  test('only the programs set the exit status', () => {
    const setters = files.filter(({ text }) => text.includes('process.exitCode')).map(({ path }) => path)
    expect(setters.filter((path) => basename(path) !== 'main.ts' && path !== 'plugin/standalone.ts')).toEqual([])
  })

  test('no code is made from text', () => {
    for (const file of files) {
      expect(identifiersIn(file, new Set(['eval', 'Function', 'require', 'createRequire']))).toEqual([])
    }
  })
})

describe('names', () => {
  test.for(files)('$path is a kebab-case noun', ({ path }) => {
    expect(path).toMatch(/^[a-z0-9/-]+\.ts$/)
    expect(basename(path)).not.toMatch(/^(utils?|helpers?|common|misc|shared|lib|constants)\.ts$/)
    if (path !== 'src/index.ts') expect(basename(path)).not.toBe('index.ts')
  })

  test('the name of a key type stands in its backend alone', () => {
    const ids = new Set(backends.map(({ type }) => type))
    const wrong = files
      .filter(({ path }) => !path.startsWith('src/keys/'))
      .flatMap((file) =>
        literalsIn(file)
          .filter((text) => ids.has(text))
          .map((text) => `${file.path}: ${text}`),
      )
    expect(wrong).toEqual([])
  })
})

describe('types', () => {
  test('there is no any', () => {
    const found = files.flatMap((file) => placesOf(file, ({ kind }) => kind === ts.SyntaxKind.AnyKeyword))
    expect(found).toEqual([])
  })

  test('casts are rare', () => {
    const casts = files.flatMap((file) => placesOf(file, isCast))
    const total = files.reduce((sum, { ast }) => sum + codeLines(ast), 0)
    expect(casts.length, casts.join('\n')).toBeLessThan(total / 150)
  })

  test('nothing is switched off without a reason', () => {
    const wrong = files.filter(({ text }) =>
      /@ts-(ignore|nocheck|expect-error)|eslint-disable(?!-next-line .* -- )/.test(text),
    )
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})

describe('sizes', () => {
  const sizes = files.map(({ path, ast }) => ({ path, lines: codeLines(ast) }))

  test('no file is longer than 300 lines of code', () => {
    const largest = sizes.toSorted((a, b) => b.lines - a.lines).slice(0, 10)
    expect(largest.filter(({ lines }) => lines > 300)).toEqual([])
  })

  test('a program is at most 30 lines', () => {
    expect(sizes.filter(({ path, lines }) => basename(path) === 'main.ts' && lines > 30)).toEqual([])
  })

  test('no function is longer than 50 lines of code or takes more than five parameters', () => {
    const functions = files.flatMap(functionsOf)
    expect(functions.filter(({ lines, parameters }) => lines > 50 || parameters > 5)).toEqual([])
  })
})

function partOf(path: string): string | undefined {
  return Object.keys(mayImport).find((name) => (name.endsWith('/') ? path.startsWith(name) : path === name))
}

function localImports(file: SourceFile): readonly string[] {
  return importsOf(file)
    .map(({ target }) => target)
    .filter((target) => target.startsWith('src/') || target.startsWith('plugin/'))
}

function identifiersIn(file: SourceFile, names: ReadonlySet<string>): readonly string[] {
  return placesOf(file, (node) => {
    if (!ts.isIdentifier(node) || !names.has(node.text)) return false
    // `x.process` and `{ process: … }` name a property, not the global.
    const { parent } = node
    return (
      !(ts.isPropertyAccessExpression(parent) && parent.name === node) &&
      !(ts.isPropertyAssignment(parent) && parent.name === node)
    )
  })
}

function placesOf(file: SourceFile, wanted: (node: ts.Node) => boolean): readonly string[] {
  return [...nodesOf(file.ast)].filter(wanted).map((node) => {
    const { line } = file.ast.getLineAndCharacterOfPosition(node.getStart())
    return `${file.path}:${line + 1}: ${node.getText().slice(0, 60)}`
  })
}

function literalsIn(file: SourceFile): readonly string[] {
  return [...nodesOf(file.ast)].filter((node) => ts.isStringLiteralLike(node)).map(({ text }) => text)
}

function isCast(node: ts.Node): boolean {
  return (
    (ts.isAsExpression(node) && node.type.getText() !== 'const') ||
    ts.isTypeAssertionExpression(node) ||
    ts.isNonNullExpression(node)
  )
}

// Depth first; a file met again while its own imports are being followed closes a cycle.
function cyclesIn(all: readonly SourceFile[]): readonly string[] {
  const values = new Map(
    all.map((file) => [
      file.path,
      importsOf(file)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target }) => target),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
    else if (!done.has(path)) {
      for (const target of values.get(path) ?? []) follow(target, [...trail, path])
      done.add(path)
    }
  }
  for (const path of values.keys()) follow(path, [])
  return found
}

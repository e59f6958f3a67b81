// The Secret that a command makes of encrypted files: its values from the files, the rest from the flags, or from the
// manifest where a file is one.
import { basename, resolve } from 'node:path'
import { decrypt, openTree } from '../index.ts'
import { documentEntries, type Entry, invalid, isSecret } from '../kubernetes/entries.ts'
import { checkSecret } from '../kubernetes/secret.ts'
import { readSecret, type Secret, secretManifest, type Spelling } from '../kubernetes/secret-object.ts'
import type { Branch } from '../tree/types.ts'
import { SopsError } from '../errors.ts'
import type { Flag, FlagValues } from './argv.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { fileOptions } from './file-options.ts'
import { readInput, requireFile } from './files.ts'
import { logLine, warnerTo } from './log.ts'
import { openSession, type Session } from './session.ts'

/** ° */
export const secretFlags: readonly Flag[] = [
  { names: ['name'], kind: 'string', help: 'name of the Secret; default: that of the manifest or of the first file' },
  { names: ['namespace', 'n'], kind: 'string', help: 'namespace of the Secret' },
  { names: ['type'], kind: 'string', help: 'type of the Secret; default Opaque' },
  { names: ['label'], kind: 'list', value: 'NAME=VALUE', help: 'a label; may be given again' },
  { names: ['annotation'], kind: 'list', value: 'NAME=VALUE', help: 'an annotation; may be given again' },
  { names: ['immutable'], kind: 'bool', help: 'nobody can change the Secret' },
  { names: ['key'], kind: 'string', help: 'put the whole file under this one key' },
  { names: ['flatten'], kind: 'bool', help: 'take nested values, too, with keys such as a.b' },
]

/** Throws as openTree does; SopsError ERR_SOPS_MANIFEST; CommandError. */
export async function openSecret(call: Call): Promise<Secret> {
  const { flags, positionals } = call
  const first = requireFile(positionals)
  const session = openSession(call)
  const contents: Content[] = []
  for (const name of positionals) contents.push(await openContent(call, session, name))
  const manifest = contents.find((each) => each.manifest !== undefined)?.manifest
  if (manifest !== undefined && contents.length > 1) {
    throw new CommandError(1, 'A manifest of a Secret cannot be put together with other files')
  }
  return withFlags(manifest ?? emptySecret(first), flags, mergeEntries(contents))
}

/** What the keys of a file are called. */
export interface Naming {
  /** The whole document becomes one entry of this name. */
  readonly whole: string | undefined
  /** Nested values get names such as a.b; otherwise they are an error. */
  readonly flatten: boolean
}

interface Content {
  readonly entries: readonly Entry[]
  /** The Secret that the file describes. */
  readonly manifest?: Secret
}

async function openContent(call: Call, session: Session, name: string): Promise<Content> {
  const { flags } = call
  return openFile(call, session, name, {
    whole: flags.text('key') === '' ? undefined : flags.text('key'),
    flatten: flags.isOn('flatten'),
  })
}

/** What one encrypted file gives. Throws as openTree does; SopsError ERR_SOPS_MANIFEST; CommandError. */
export async function openFile(
  call: Call,
  session: Session,
  name: string,
  { whole, flatten }: Naming,
): Promise<Content> {
  const path = resolve(call.io.cwd, name)
  const options = await fileOptions(call, session, path, warnerTo(call.io))
  const bytes = await readInput(call.io, path, name)
  if (whole !== undefined || options.format === 'binary') {
    return { entries: [{ key: whole ?? basename(name), value: await decrypt(bytes, options) }] }
  }
  const { branches } = await openTree(bytes, options)
  const [document] = branches
  if (document === undefined || branches.length > 1) {
    throw new CommandError(1, `${name} holds ${branches.length} documents; it must be one`)
  }
  if (!isSecret(document)) return { entries: documentEntries(document, flatten ? '.' : undefined) }
  const manifest = readSecret(document)
  return { entries: manifest.entries, manifest }
}

/** Throws SopsError ERR_SOPS_MANIFEST when two files give one key. */
export function mergeEntries(contents: readonly Content[]): readonly Entry[] {
  const entries = contents.flatMap((each) => each.entries)
  const seen = new Set<string>()
  for (const { key } of entries) {
    if (seen.has(key)) throw invalid(key, 'is given by two files')
    seen.add(key)
  }
  return entries
}

function emptySecret(file: string): Secret {
  return { metadata: { name: nameOfFile(file) }, type: 'Opaque', immutable: undefined, entries: [] }
}

/** A name for the Secret that a file becomes. */
export function nameOfFile(file: string): string {
  return basename(file).replace(/(\.enc|\.sops)?(\.(ya?ml|json|env|ini))?$/, '')
}

function withFlags({ metadata, type, immutable }: Secret, flags: FlagValues, entries: readonly Entry[]): Secret {
  const said = (flag: string): string | undefined => (flags.text(flag) === '' ? undefined : flags.text(flag))
  return {
    metadata: {
      name: said('name') ?? metadata.name,
      namespace: said('namespace') ?? metadata.namespace,
      labels: new Map([...(metadata.labels ?? []), ...pairs(flags, 'label')]),
      annotations: new Map([...(metadata.annotations ?? []), ...pairs(flags, 'annotation')]),
    },
    type: said('type') ?? type,
    immutable: flags.isSet('immutable') ? flags.isOn('immutable') : immutable,
    entries,
  }
}

function pairs(flags: FlagValues, name: string): readonly (readonly [string, string])[] {
  return flags.list(name).map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new CommandError(1, `Error: --${name} takes NAME=VALUE`)
    return [text.slice(0, at), text.slice(at + 1)]
  })
}

/** The manifest of a Secret that the API server would take. Throws SopsError ERR_SOPS_MANIFEST. */
export function checkedManifest({ io }: Pick<Call, 'io'>, secret: Secret, spelling: Spelling): Branch {
  const manifest = secretManifest(secret, spelling)
  for (const { severity, field, message } of checkSecret(manifest)) {
    if (severity === 'error') throw new SopsError('ERR_SOPS_MANIFEST', `${field}: ${message}`)
    logLine(io, 'warning', `${field}: ${message}`)
  }
  return manifest
}

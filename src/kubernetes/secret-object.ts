// A Secret, apart from how it is written down.
import type { Branch, Value } from '../tree/types.ts'
import { decodeText } from './config-map.ts'
import { type Entry, secretEntries } from './entries.ts'
import { fieldAt, itemsOf, textAt } from './object.ts'
import { buildSecret, type ObjectMetadata } from './secret.ts'

export interface Secret {
  readonly metadata: ObjectMetadata
  readonly type: string
  readonly immutable: boolean | undefined
  readonly entries: readonly Entry[]
}

/** How a manifest of a Secret writes its values: all as base64, or those that are text as text. */
export type Spelling = 'data' | 'stringData'

/** The Secret that a manifest describes. Throws SopsError ERR_SOPS_MANIFEST. */
export function readSecret(manifest: Branch): Secret {
  return { ...readKind(manifest), metadata: readMetadata(manifest), entries: secretEntries(manifest) }
}

/** The type of a Secret, and whether it may change. */
export function readKind(manifest: Value | undefined): Pick<Secret, 'type' | 'immutable'> {
  const immutable = fieldAt(manifest, 'immutable')
  return {
    type: textAt(manifest, 'type') ?? 'Opaque',
    immutable: immutable?.type === 'bool' ? immutable.value : undefined,
  }
}

export function readMetadata(manifest: Value | undefined): ObjectMetadata {
  const metadata = fieldAt(manifest, 'metadata')
  return {
    name: textAt(metadata, 'name') ?? '',
    namespace: textAt(metadata, 'namespace'),
    labels: textsAt(metadata, 'labels'),
    annotations: textsAt(metadata, 'annotations'),
  }
}

/** A mapping of texts; what is no text is left out. */
function textsAt(metadata: Value | undefined, field: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { key, value } of itemsOf(fieldAt(metadata, field))) if (value.type === 'str') texts.set(key, value.value)
  return texts
}

export function secretManifest({ entries, ...secret }: Secret, spelling: Spelling): Branch {
  const data: [string, Uint8Array][] = []
  const stringData: [string, string][] = []
  for (const { key, value } of entries) {
    const decoded = spelling === 'stringData' ? decodeText(value) : undefined
    if (decoded === undefined) data.push([key, value])
    else stringData.push([key, decoded])
  }
  return buildSecret({ ...secret, data, stringData })
}

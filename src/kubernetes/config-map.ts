// A ConfigMap as Kubernetes takes it.
import type { Branch, Value } from '../tree/types.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { type Defect, defect } from './defect.ts'
import { checkFields, checkMetadata } from './metadata.ts'
import { fieldPath, mapping, text, textMapping } from './object.ts'
import { buildMetadata, checkFlag, checkSize, type ObjectMetadata, readTexts } from './secret.ts'

export interface ConfigMapContent {
  readonly metadata: ObjectMetadata
  readonly immutable?: boolean | undefined
  /** What is valid UTF-8 comes under `data`, the rest under `binaryData`. */
  readonly data: Iterable<readonly [string, Uint8Array]>
}

export function buildConfigMap({ metadata, immutable, data }: ConfigMapContent): Branch {
  const texts: [string, string][] = []
  const binaries: [string, string][] = []
  for (const [key, bytes] of data) {
    const decoded = decodeText(bytes)
    if (decoded === undefined) binaries.push([key, encodeBase64(bytes)])
    else texts.push([key, decoded])
  }
  return mapping([
    ['apiVersion', text('v1')],
    ['kind', text('ConfigMap')],
    ['metadata', buildMetadata(metadata)],
    ['immutable', immutable === undefined ? undefined : { type: 'bool', value: immutable }],
    ['data', textMapping(texts)],
    ['binaryData', textMapping(binaries)],
  ])
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of valid UTF-8; undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** What the API server would refuse. */
export function checkConfigMap(map: Value): Defect[] {
  const data = new Map<string, Buffer>()
  const texts = readTexts(map, 'data', (key, value) => {
    data.set(key, Buffer.from(value))
    return undefined
  })
  const binaries = readTexts(map, 'binaryData', (key, value, field) => {
    const bytes = decodeBase64(value)
    if (bytes === undefined) return defect(field, 'it is not base64', key)
    if (data.has(key)) return defect(fieldPath('binaryData', key), 'the key stands under data, too', key)
    data.set(key, bytes)
    return undefined
  })
  return [
    ...checkMetadata(map),
    ...checkFields(map, ['immutable', 'data', 'binaryData']),
    ...checkFlag(map, 'immutable'),
    ...texts,
    ...binaries,
    ...checkSize(data, 'data'),
  ]
}

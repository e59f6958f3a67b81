// A Secret as Kubernetes takes it: how one is made, and what the API server would refuse about one.
import type { Branch, Value } from '../tree/types.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { type Defect, defect } from './defect.ts'
import { checkFields, checkMetadata } from './metadata.ts'
import { isDataKey } from './names.ts'
import { fieldAt, fieldPath, itemsOf, mapping, text, textAt, textMapping } from './object.ts'
import { type SecretData, secretTypes } from './secret-types.ts'

/** The API server's limit for the data of one Secret or ConfigMap. */
export const maxDataSize: number = 1 << 20

export interface ObjectMetadata {
  readonly name: string
  readonly namespace?: string | undefined
  readonly labels?: Iterable<readonly [string, string]> | undefined
  readonly annotations?: Iterable<readonly [string, string]> | undefined
}

export interface SecretContent {
  readonly metadata: ObjectMetadata
  readonly type?: string | undefined
  readonly immutable?: boolean | undefined
  /** Given as base64. */
  readonly data?: Iterable<readonly [string, Uint8Array]>
  /** Given in clear. */
  readonly stringData?: Iterable<readonly [string, string]>
}

export function buildSecret({ metadata, type, immutable, data = [], stringData = [] }: SecretContent): Branch {
  const encoded = Array.from(data, ([key, bytes]) => [key, encodeBase64(bytes)] as const)
  return mapping([
    ['apiVersion', text('v1')],
    ['kind', text('Secret')],
    ['metadata', buildMetadata(metadata)],
    ['type', type === undefined || type === '' ? undefined : text(type)],
    ['immutable', immutable === undefined ? undefined : { type: 'bool', value: immutable }],
    ['stringData', textMapping(stringData)],
    ['data', textMapping(encoded)],
  ])
}

export function buildMetadata({ name, namespace, labels = [], annotations = [] }: ObjectMetadata): Branch {
  return mapping([
    ['name', name === '' ? undefined : text(name)],
    ['namespace', namespace === undefined || namespace === '' ? undefined : text(namespace)],
    ['labels', textMapping(labels)],
    ['annotations', textMapping(annotations)],
  ])
}

export interface SecretChecks {
  /** Only a part of the Secret: what the type asks for may be elsewhere. */
  readonly partial?: boolean
  /** Values that stand for others: they need not be what the type asks for. */
  readonly placeholders?: boolean
}

/** What the API server would refuse, and more: a certificate without the key that fits it. */
export function checkSecret(secret: Value, checks: SecretChecks = {}): Defect[] {
  const { data, defects } = readData(secret)
  return [
    ...checkMetadata(secret),
    ...checkFields(secret, ['type', 'immutable', 'data', 'stringData']),
    ...checkFlag(secret, 'immutable'),
    ...defects,
    ...checkSize(data, 'data'),
    ...(defects.length > 0 ? [] : checkType(secret, data, checks)),
  ]
}

/** `data` and `stringData` in one, as the API server joins them. */
function readData(secret: Value): { data: SecretData; defects: Defect[] } {
  const data = new Map<string, Buffer>()
  const defects = readTexts(secret, 'data', (key, value, field) => {
    const bytes = decodeBase64(value)
    if (bytes === undefined) return defect(field, 'it is not base64: clear text belongs under stringData', key)
    data.set(key, bytes)
    return undefined
  })
  const clear = readTexts(secret, 'stringData', (key, value, field) => {
    if (/\p{Surrogate}/u.test(value)) return defect(field, 'it is not valid UTF-8', key)
    data.set(key, Buffer.from(value))
    return undefined
  })
  return { data, defects: [...defects, ...clear] }
}

/** Reads one mapping of texts below an object. */
export function readTexts(
  object: Value,
  name: string,
  read: (key: string, value: string, field: string) => Defect | undefined,
): Defect[] {
  const texts = fieldAt(object, name)
  if (texts === undefined || texts.type === 'null') return []
  if (texts.type !== 'branch') return [defect(name, 'it is not a mapping')]
  return itemsOf(texts).flatMap(({ key, value }) => {
    const field = fieldPath(name, key)
    if (!isDataKey(key)) return [defect(field, 'Kubernetes takes letters, digits, -, _ and . in keys only', key)]
    if (value.type === 'bytes') return [defect(field, 'it is not valid UTF-8: put it under data, in base64', key)]
    // The API server takes null for no value.
    if (value.type === 'null') return []
    if (value.type !== 'str') return [defect(field, 'it is not a text: put it in quotes', key)]
    return read(key, value.value, field) ?? []
  })
}

export function checkSize(data: SecretData, field: string): Defect[] {
  const size = [...data.values()].reduce((sum, { length }) => sum + length, 0)
  return size > maxDataSize ? [defect(field, 'it holds more than 1 MiB, the limit of Kubernetes')] : []
}

export function checkFlag(object: Value, name: string): Defect[] {
  const flag = fieldAt(object, name)
  return flag === undefined || flag.type === 'bool' || flag.type === 'null' ? [] : [defect(name, 'it is no boolean')]
}

function checkType(secret: Value, data: SecretData, checks: SecretChecks): Defect[] {
  const type = fieldAt(secret, 'type')
  if (type === undefined || type.type === 'null') return []
  if (type.type !== 'str') return [defect('type', 'it is not a text')]
  const rules = secretTypes.get(type.value)
  if (rules === undefined) return []
  const found: Defect[] = []
  if (checks.partial !== true) {
    for (const key of rules.keys.filter((each) => !data.has(each))) {
      found.push(defect(fieldPath('data', key), `a Secret of type ${type.value} needs it`, key))
    }
    if (rules.oneOf !== undefined && !rules.oneOf.some((key) => data.has(key))) {
      found.push(defect('data', `a Secret of type ${type.value} needs ${rules.oneOf.join(' or ')}`))
    }
    if (rules.annotation !== undefined && (textAt(secret, 'metadata', 'annotations', rules.annotation) ?? '') === '') {
      const field = fieldPath('metadata', 'annotations', rules.annotation)
      found.push(defect(field, `a Secret of type ${type.value} needs it`))
    }
  }
  if (checks.placeholders === true) return found
  return found.concat((rules.check?.(data) ?? []).map(([key, message]) => defect(fieldPath('data', key), message, key)))
}

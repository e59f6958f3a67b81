// What comes out is what Kubernetes takes, and what JSON can say: kustomize and kubectl would quote a value in their own
// errors.
import type { Branch } from '../src/index.ts'
import { checkConfigMap } from '../src/kubernetes/config-map.ts'
import type { Defect } from '../src/kubernetes/defect.ts'
import { fieldOf, fieldPath, referenceOf, textAt } from '../src/kubernetes/object.ts'
import { checkSecret } from '../src/kubernetes/secret.ts'
import type { Product } from './configuration.ts'
import type { Report } from './finding.ts'
import { behaviorAnnotation } from './generator-options.ts'
import type { Mode } from './settings.ts'
import { mapValues } from './value-map.ts'

/** Reports what is wrong with an object that the function made. */
export function checkProduct({ object, place, keys }: Product, mode: Mode, report: Report): void {
  const resource = referenceOf(object)
  const stamped = resource.kind === '' ? place : { ...place, resource }
  for (const { severity, message, field, key } of [
    ...checkIdentity(object),
    ...checkKind(object, mode),
    ...checkTexts(object),
  ]) {
    // The configuration has been told already.
    if (keys !== undefined && field === 'metadata.name' && severity === 'error') continue
    const source = key === undefined ? undefined : keys?.get(key)
    const where = { ...stamped, ...(source?.file !== undefined && { file: source.file }), field }
    if (severity === 'error') report.error(message, where)
    else report.warn(message, where)
  }
}

function checkIdentity(object: Branch): Defect[] {
  const missing = ['apiVersion', 'kind'].filter((name) => (textAt(object, name) ?? '') === '')
  const isNamed = (textAt(object, 'metadata', 'name') ?? '') !== '' || fieldOf(object, 'items') !== undefined
  if (!isNamed && missing.length === 0 && !hasOwnCheck(object)) missing.push('metadata.name')
  return missing.map((field) => ({ severity: 'error', field, message: 'every object needs it, as a text' }))
}

function hasOwnCheck(object: Branch): boolean {
  return textAt(object, 'apiVersion') === 'v1' && ['Secret', 'ConfigMap'].includes(textAt(object, 'kind') ?? '')
}

function checkKind(object: Branch, mode: Mode): Defect[] {
  if (mode === 'passthrough' || !hasOwnCheck(object)) return []
  if (textAt(object, 'kind') === 'ConfigMap') return checkConfigMap(object)
  const partial = textAt(object, 'metadata', 'annotations', behaviorAnnotation) === 'merge'
  return checkSecret(object, { partial, placeholders: mode === 'placeholder' })
}

// go-yaml, which kustomize reads and writes with, takes them in no spelling, and the error of kustomize quotes the object.
const unreadable = /[\x7f-\x84\x86-\x9f\ufffe\uffff]/
const notForYaml = 'it holds a control character that YAML does not take: it must be given as base64'

function checkTexts(object: Branch): Defect[] {
  const found: Defect[] = []
  const known = hasOwnCheck(object)
  mapValues(object, (leaf, path) => {
    const message =
      leaf.type === 'bytes' || (leaf.type === 'str' && /\p{Surrogate}/u.test(leaf.value))
        ? 'it is not valid UTF-8'
        : leaf.type === 'float' && !Number.isFinite(leaf.value)
          ? 'JSON has no such number'
          : undefined
    if (leaf.type === 'str' && unreadable.test(leaf.value)) {
      found.push({ severity: 'error', field: fieldPath(...path), message: notForYaml })
    }
    const checked = known && (path[0] === 'data' || path[0] === 'stringData' || path[0] === 'binaryData')
    if (message !== undefined && !checked) found.push({ severity: 'error', field: fieldPath(...path), message })
    return leaf
  })
  return found
}

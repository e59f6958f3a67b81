// Metadata that the API server of Kubernetes would refuse. A name is a doubt only: kustomize may still change it.
import type { Value } from '../tree/types.ts'
import { type Defect, defect, doubt } from './defect.ts'
import { isLabelValue, isNamespaceName, isObjectName, isQualifiedName } from './names.ts'
import { fieldAt, fieldPath, itemsOf } from './object.ts'

/** The annotation in which kubectl keeps all that it applied, values too. */
export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export function checkMetadata(object: Value): Defect[] {
  const metadata = fieldAt(object, 'metadata')
  if (metadata?.type !== 'branch') return [defect('metadata', 'it is missing or not a mapping')]
  return [...checkName(metadata), ...checkLabels(metadata), ...checkAnnotations(metadata)]
}

function checkName(metadata: Value): Defect[] {
  const name = fieldAt(metadata, 'name')
  const own = fieldAt(metadata, 'namespace')
  const namespace = own?.type === 'null' ? undefined : own
  const found: Defect[] = []
  if (name?.type !== 'str' || name.value === '') found.push(defect('metadata.name', 'it is missing or not a text'))
  else if (!isObjectName(name.value)) {
    found.push(doubt('metadata.name', 'Kubernetes takes lower case letters, digits, - and . only, 253 at most'))
  }
  if (namespace !== undefined && namespace.type !== 'str') found.push(defect('metadata.namespace', 'it is not a text'))
  else if (namespace !== undefined && !isNamespaceName(namespace.value)) {
    found.push(doubt('metadata.namespace', 'Kubernetes takes lower case letters, digits and - only, 63 at most'))
  }
  return found
}

function checkLabels(metadata: Value): Defect[] {
  return checkTexts(metadata, 'labels').concat(
    itemsOf(fieldAt(metadata, 'labels')).flatMap(({ key, value }) => {
      if (value.type !== 'str' || isLabelValue(value.value)) return []
      return [defect(fieldPath('metadata', 'labels', key), 'it is no value for a label')]
    }),
  )
}

function checkAnnotations(metadata: Value): Defect[] {
  const annotations = fieldAt(metadata, 'annotations')
  const found = checkTexts(metadata, 'annotations')
  if (sizeOf(annotations) > maxAnnotations) {
    found.push(defect('metadata.annotations', 'they hold more than 256 KiB, the limit of Kubernetes'))
  }
  if (itemsOf(annotations).some(({ key }) => key === lastApplied)) {
    const message = 'what kubectl left there shows the values in clear to whoever may list the object: take it out'
    found.push(doubt(fieldPath('metadata', 'annotations', lastApplied), message))
  }
  return found
}

const maxAnnotations = 256 << 10

function sizeOf(texts: Value | undefined): number {
  return itemsOf(texts).reduce(
    (sum, { key, value }) => sum + Buffer.byteLength(key) + (value.type === 'str' ? Buffer.byteLength(value.value) : 0),
    0,
  )
}

/** What the API server drops, or refuses where it is strict, as `kubectl apply` asks it to be. */
export function checkFields(object: Value, known: readonly string[]): Defect[] {
  const all = ['apiVersion', 'kind', 'metadata', ...known]
  return itemsOf(object)
    .filter(({ key }) => !all.includes(key))
    .map(({ key }) => doubt(fieldPath(key), 'Kubernetes knows no such field here'))
}

function checkTexts(metadata: Value, name: 'labels' | 'annotations'): Defect[] {
  const texts = fieldAt(metadata, name)
  if (texts === undefined || texts.type === 'null') return []
  if (texts.type !== 'branch') return [defect(fieldPath('metadata', name), 'it is not a mapping')]
  return itemsOf(texts).flatMap(({ key, value }) => {
    const field = fieldPath('metadata', name, key)
    const found = value.type === 'str' ? [] : [defect(field, 'it is not a text: put it in quotes')]
    if (!isQualifiedName(name === 'labels' ? key : key.toLowerCase())) found.push(defect(field, 'it is no valid key'))
    return found
  })
}

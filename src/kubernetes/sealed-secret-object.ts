// SealedSecret objects (bitnami.com/v1alpha1, Sealed Secrets 0.40.0): from a Secret, and back with the controller's keys.
import type { KeyObject } from 'node:crypto'
import type { Branch, Value } from '../tree/types.ts'
import { type Entry, invalid } from './entries.ts'
import { lastApplied } from './metadata.ts'
import { isNamespaceName, isObjectName } from './names.ts'
import { fieldAt, fieldPath, itemsOf, mapping, text, textAt, textMapping } from './object.ts'
import { labelOf, type Scope, scopeAnnotations, scopeOf, scopePrefix, sealValue, unsealValue } from './sealed-secret.ts'
import { buildMetadata } from './secret.ts'
import { readKind, readMetadata, type Secret } from './secret-object.ts'

/**
 * Seals a Secret. The scope is the caller's alone: an annotation in the Secret could widen it (CVE-2026-22728).
 * @throws SopsError ERR_SOPS_MANIFEST when the scope needs a name or a namespace that the Secret does not have
 */
export function sealSecret({ metadata, type, immutable, entries }: Secret, scope: Scope, publicKey: KeyObject): Branch {
  const { name, namespace = '' } = metadata
  if (name === '') throw invalid('metadata.name', 'is missing')
  if (scope !== 'cluster-wide' && namespace === '') {
    throw invalid('metadata.namespace', `is missing, and the scope is ${scope}`)
  }
  const label = labelOf(scope, { name, namespace })
  const ofScope = scopeAnnotations(scope)
  const sealed = entries.map(({ key, value }) => [key, sealValue(value, publicKey, label)] as const)
  const template = buildMetadata({ ...metadata, annotations: [...ownAnnotations(metadata.annotations), ...ofScope] })
  return mapping([
    ['apiVersion', text('bitnami.com/v1alpha1')],
    ['kind', text('SealedSecret')],
    ['metadata', buildMetadata({ name, namespace, annotations: ofScope })],
    [
      'spec',
      mapping([
        ['encryptedData', textMapping(sealed)],
        [
          'template',
          mapping([
            ['metadata', template],
            ['type', text(type)],
            ['immutable', immutable === undefined ? undefined : { type: 'bool', value: immutable }],
          ]),
        ],
      ]),
    ],
  ])
}

function ownAnnotations(annotations: Secret['metadata']['annotations']): ReadonlyMap<string, string> {
  return new Map([...(annotations ?? [])].filter(([name]) => !name.startsWith(scopePrefix) && name !== lastApplied))
}

/**
 * Opens a SealedSecret.
 * @throws SopsError ERR_SOPS_MANIFEST: it is none, or no key opens one of its values
 */
export function unsealSecret(sealed: Branch, privateKeys: readonly KeyObject[]): Secret {
  if (textAt(sealed, 'apiVersion')?.startsWith('bitnami.com/') !== true || textAt(sealed, 'kind') !== 'SealedSecret') {
    throw invalid('kind', 'is not SealedSecret')
  }
  const spec = fieldAt(sealed, 'spec')
  if (fieldAt(spec, 'data') !== undefined) throw invalid('spec.data', 'is the old form, which is not read')
  if (fieldAt(spec, 'template', 'data') !== undefined) {
    throw invalid('spec.template.data', 'holds templates, for which a Secret has no place')
  }
  const { name, namespace = '', annotations } = readMetadata(sealed)
  // With a / in it, the namespace of one scope could be the namespace and name of another.
  if (name !== '' && !isObjectName(name)) throw invalid('metadata.name', 'is no name that Kubernetes takes')
  if (namespace !== '' && !isNamespaceName(namespace)) {
    throw invalid('metadata.namespace', 'is no name that Kubernetes takes')
  }
  const label = labelOf(scopeOf(new Map(annotations)), { name, namespace })
  const template = readMetadata(fieldAt(spec, 'template'))
  return {
    ...readKind(fieldAt(spec, 'template')),
    // As the controller has it: the template is bound to nothing, and must not take the values elsewhere.
    metadata: {
      name,
      namespace,
      labels: template.labels,
      annotations: ownAnnotations(template.annotations),
    },
    entries: unsealEntries(fieldAt(spec, 'encryptedData'), privateKeys, label),
  }
}

function unsealEntries(data: Value | undefined, keys: readonly KeyObject[], label: string): readonly Entry[] {
  return itemsOf(data).map(({ key, value }) => {
    const opened = value.type === 'str' ? unsealValue(value.value, keys, label) : undefined
    if (opened !== undefined) return { key, value: opened }
    throw invalid(
      fieldPath('spec', 'encryptedData', key),
      'is opened by none of the keys, or was sealed for another name',
    )
  })
}

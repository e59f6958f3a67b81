import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import type { SopsError } from '../../src/errors.ts'
import {
  labelOf,
  scopeAnnotations,
  scopeOf,
  scopes,
  sealValue,
  unsealValue,
} from '../../src/kubernetes/sealed-secret.ts'
import { fieldAt } from '../../src/kubernetes/object.ts'
import { sealSecret, unsealSecret } from '../../src/kubernetes/sealed-secret-object.ts'
import type { Branch } from '../../src/tree/types.ts'
import { toBranch, toPlain } from '../branches.ts'
import type { Secret } from '../../src/kubernetes/secret-object.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const name = { name: 'app', namespace: 'shop' }
const secret: Secret = {
  metadata: {
    ...name,
    labels: new Map([['app', 'shop']]),
    annotations: new Map([
      ['note', 'kept'],
      ['kubectl.kubernetes.io/last-applied-configuration', '{"data":"x"}'],
    ]),
  },
  type: 'Opaque',
  immutable: true,
  entries: [
    { key: 'n', value: Buffer.from('text') },
    { key: 'empty', value: Buffer.alloc(0) },
    { key: 'bytes', value: Buffer.from([0, 255, 254]) },
    { key: '__proto__', value: Buffer.from('data like any') },
  ],
}

test.for(scopes)('a value sealed %s opens with the right key and label only', (scope) => {
  const label = labelOf(scope, name)
  for (const { value } of secret.entries) {
    const sealed = sealValue(value, publicKey, label)
    expect(unsealValue(sealed, [other, privateKey], label)).toEqual(Buffer.from(value))
    expect(unsealValue(sealed, [other], label)).toBeUndefined()
    expect(unsealValue(sealed, [privateKey], `${label}x`)).toBeUndefined()
  }
})

test('what was changed or cut off does not open', () => {
  const sealed = Buffer.from(sealValue(Buffer.from('value'), publicKey, ''), 'base64')
  for (const at of [0, 1, 2, 260, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(unsealValue(changed.toString('base64'), [privateKey], '')).toBeUndefined()
  }
  for (const length of [0, 1, 2, 257, 258, 262, 273]) {
    expect(unsealValue(sealed.subarray(0, length).toString('base64'), [privateKey], '')).toBeUndefined()
  }
})

test.for(scopes)('an object of scope %s comes back', (scope) => {
  const sealed = sealSecret(secret, scope, publicKey)
  const annotations = Object.fromEntries(scopeAnnotations(scope))
  expect(toPlain(sealed)).toMatchObject({ metadata: scope === 'strict' ? name : { ...name, annotations } })
  const back = unsealSecret(sealed, [privateKey])
  expect(back).toEqual({ ...secret, metadata: { ...secret.metadata, annotations: new Map([['note', 'kept']]) } })
})

test.for(scopes)('the template of an object of scope %s names neither object nor namespace', (scope) => {
  const sealed = sealSecret(secret, scope, publicKey)
  const elsewhere = toBranch({ name: 'elsewhere', namespace: 'kube-system' })
  Object.assign(fieldAt(sealed, 'spec', 'template', 'metadata') ?? {}, elsewhere)
  expect(unsealSecret(sealed, [privateKey]).metadata).toMatchObject(name)
})

test('the scope comes from the flag alone', () => {
  const annotations = new Map([['sealedsecrets.bitnami.com/cluster-wide', 'true']])
  const sealed = sealSecret({ ...secret, metadata: { ...name, annotations } }, 'strict', publicKey)
  expect(JSON.stringify(toPlain(sealed))).not.toContain('cluster-wide')
})

test('cluster-wide wins, and only the word true counts', () => {
  const both = new Map([...scopeAnnotations('namespace-wide'), ...scopeAnnotations('cluster-wide')])
  expect(scopeOf(both)).toBe('cluster-wide')
  expect(scopeOf(new Map([['sealedsecrets.bitnami.com/cluster-wide', 'TRUE']]))).toBe('strict')
})

test.for([{ namespace: 'a/b' }, { namespace: 'a', name: 'b/c' }])(
  'a label of another scope is not to be had: %j',
  (own) => {
    const sealed = sealSecret({ ...secret, metadata: { name: 'b', namespace: 'a' } }, 'strict', publicKey)
    const annotations = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }
    const metadata = toBranch({ name: 'x', ...own, annotations })
    const items = sealed.items.map((item) =>
      item.type === 'item' && item.key === 'metadata' ? { ...item, value: metadata } : item,
    )
    expect(() => unsealSecret({ ...sealed, items }, [privateKey])).toThrow('is no name that Kubernetes takes')
  },
)

const sealAs = (metadata: Secret['metadata'], scope: 'strict' | 'cluster-wide') => (): Branch =>
  sealSecret({ ...secret, metadata }, scope, publicKey)
const unopened = 'is opened by none of the keys, or was sealed for another name'

test.for([
  ['metadata.name is missing', sealAs({ ...name, name: '' }, 'cluster-wide')],
  ['metadata.namespace is missing, and the scope is strict', sealAs({ name: 'app' }, 'strict')],
  ['kind is not SealedSecret', () => unsealSecret(toBranch({ kind: 'Secret' }), [])],
  ['spec.data is the old form, which is not read', () => unseal({ data: 'x' })],
  ['spec.template.data holds templates, for which a Secret has no place', () => unseal({ template: { data: {} } })],
  [`spec.encryptedData.a ${unopened}`, () => unseal({ encryptedData: { a: 'AAAA' } })],
  [`spec.encryptedData["tls.crt"] ${unopened}`, () => unseal({ encryptedData: { 'tls.crt': 1 } })],
] as const)('%s', ([message, act]) => {
  expect(act).toThrow(expect.objectContaining({ code: 'ERR_SOPS_MANIFEST', message }) as SopsError)
})

function unseal(spec: unknown): Secret {
  return unsealSecret(toBranch({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', spec }), [privateKey])
}

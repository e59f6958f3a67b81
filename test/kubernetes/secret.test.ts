import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeBase64 } from '../../src/kubernetes/base64.ts'
import { buildConfigMap, checkConfigMap } from '../../src/kubernetes/config-map.ts'
import { isDataKey, isLabelValue, isObjectName, isQualifiedName } from '../../src/kubernetes/names.ts'
import { fieldPath } from '../../src/kubernetes/object.ts'
import { buildSecret, checkSecret } from '../../src/kubernetes/secret.ts'
import { toBranch } from '../branches.ts'

const metadata = { name: 'x' }

function defectsOf(type: string, data: Readonly<Record<string, string | Buffer>>, options = {}): readonly string[] {
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value)] as const)
  return checkSecret(buildSecret({ metadata, type, data: entries }), options).map(
    ({ severity, field, message }) => `${severity} ${field}: ${message}`,
  )
}

describe('kubernetes.io/tls', () => {
  const files = mkdtempSync(join(tmpdir(), 'tls-'))
  const read = (name: string): Buffer => readFileSync(join(files, name))
  const make = (name: string, ...options: readonly string[]): void => {
    const out = ['-keyout', join(files, `${name}.key`), '-out', join(files, `${name}.crt`)]
    execFileSync('openssl', ['req', '-x509', ...options, '-days', '9', '-subj', `/CN=${name}`, ...out], {
      stdio: 'ignore',
    })
  }
  beforeAll(() => {
    make('rsa', '-newkey', 'rsa:2048', '-nodes')
    make('ec', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')
    make('locked', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-passout', 'pass:x')
  })
  afterAll(() => rmSync(files, { recursive: true }))

  test('a certificate and its key', () => {
    for (const name of ['rsa', 'ec']) {
      expect(
        defectsOf('kubernetes.io/tls', { 'tls.crt': read(`${name}.crt`), 'tls.key': read(`${name}.key`) }),
      ).toEqual([])
    }
  })

  test('a chain', () => {
    const chain = Buffer.concat([read('ec.crt'), read('rsa.crt')])
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': chain, 'tls.key': read('ec.key'), 'ca.crt': 'x' })).toEqual([])
  })

  test('the key of another', () => {
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': read('ec.crt'), 'tls.key': read('rsa.key') })).toEqual([
      'error data["tls.key"]: it is not the key of the certificate in tls.crt',
    ])
  })

  test('a locked key, and no key', () => {
    const message = 'error data["tls.key"]: it is not a private key in PEM, or it is locked with a passphrase'
    for (const key of [read('locked.key'), 'x', '', read('locked.crt')]) {
      expect(defectsOf('kubernetes.io/tls', { 'tls.crt': read('locked.crt'), 'tls.key': key })).toEqual([message])
    }
  })

  test('what is missing, unless it is elsewhere', () => {
    const need = 'error data["tls.key"]: a Secret of type kubernetes.io/tls needs it'
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': read('ec.crt') })).toEqual([need])
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': read('ec.crt') }, { partial: true })).toEqual([])
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': 'p', 'tls.key': 'p' }, { placeholders: true })).toEqual([])
    expect(defectsOf('kubernetes.io/tls', { 'tls.crt': 'p' }, { placeholders: true })).toEqual([need])
  })
})

test('the other types', () => {
  expect(defectsOf('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '{"auths":{}}' })).toEqual([])
  expect(defectsOf('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': '[]' })).toHaveLength(1)
  expect(defectsOf('kubernetes.io/dockercfg', { '.dockercfg': '{}' })).toEqual([])
  expect(defectsOf('kubernetes.io/dockercfg', {})).toHaveLength(1)
  expect(defectsOf('kubernetes.io/basic-auth', { username: '' })).toEqual([])
  expect(defectsOf('kubernetes.io/basic-auth', {})).toHaveLength(1)
  expect(defectsOf('kubernetes.io/ssh-auth', { 'ssh-privatekey': 'x' })).toEqual([])
  expect(defectsOf('kubernetes.io/ssh-auth', { 'ssh-privatekey': '' })).toHaveLength(1)
  expect(defectsOf('kubernetes.io/service-account-token', {})).toHaveLength(1)
  expect(defectsOf('my.example.com/type', {})).toEqual([])
})

test('a Secret of 1 MiB, and of one byte more', () => {
  expect(defectsOf('Opaque', { a: Buffer.alloc(1 << 19), b: Buffer.alloc(1 << 19) })).toEqual([])
  expect(defectsOf('Opaque', { a: Buffer.alloc(1 << 19), b: Buffer.alloc((1 << 19) + 1) })).toEqual([
    'error data: it holds more than 1 MiB, the limit of Kubernetes',
  ])
})

test('a name that kustomize may still change is a doubt', () => {
  const secret = buildSecret({ metadata: { name: 'Name', namespace: 'a.b', labels: [['a', '']] } })
  expect(checkSecret(secret).map(({ severity, field }) => [severity, field])).toEqual([
    ['warning', 'metadata.name'],
    ['warning', 'metadata.namespace'],
  ])
})

test('base64 as the API server takes it', () => {
  expect(decodeBase64('YQ==\n')?.toString()).toBe('a')
  expect(decodeBase64('Y\r\nQ==')?.toString()).toBe('a')
  expect(decodeBase64('')?.length).toBe(0)
  for (const text of ['YQ', 'YQ=', 'Y Q=', 'Y-==', 'YQ==YQ==', '=', 'é'])
    expect(decodeBase64(text), text).toBeUndefined()
})

test('names', () => {
  for (const name of ['a', 'a-b.c', '0', 'a'.repeat(253)]) expect(isObjectName(name), name).toBe(true)
  for (const name of ['', 'A', '-a', 'a-', 'a..b', 'a_b', 'a'.repeat(254)]) expect(isObjectName(name), name).toBe(false)
  for (const key of ['a', '.a', 'A_b-c.d', 'a..b']) expect(isDataKey(key), key).toBe(true)
  for (const key of ['', '.', '..', '..a', 'a b', 'a/b', 'é', 'a'.repeat(254)]) expect(isDataKey(key), key).toBe(false)
  for (const value of ['', 'a', 'A.b_c-d']) expect(isLabelValue(value), value).toBe(true)
  for (const value of ['-a', 'a b', 'a'.repeat(64), '=']) expect(isLabelValue(value), value).toBe(false)
  for (const key of ['a', 'example.com/A_b']) expect(isQualifiedName(key), key).toBe(true)
  for (const key of ['', '/a', 'a/', 'A.com/b', 'a/b/c']) expect(isQualifiedName(key), key).toBe(false)
})

test('a ConfigMap has its texts and its bytes apart', () => {
  const data = [
    ['text', Buffer.from('é')],
    ['bytes', Buffer.of(0xff)],
  ] as const
  const map = buildConfigMap({ metadata, immutable: true, data })
  expect(map.items.map((item) => item.type === 'item' && item.key)).toEqual([
    ...['apiVersion', 'kind', 'metadata', 'immutable', 'data', 'binaryData'],
  ])
  expect(checkConfigMap(map)).toEqual([])
  const large = buildConfigMap({ metadata, data: [['a', Buffer.alloc((1 << 20) + 1)]] })
  expect(checkConfigMap(large).map(({ field }) => field)).toEqual(['data'])
})

test('the spelling of a place', () => {
  expect(fieldPath('data', 'a-b_c')).toBe('data.a-b_c')
  expect(fieldPath('data', 'tls.crt')).toBe('data["tls.crt"]')
  expect(fieldPath('from', 0, 'x', '"')).toBe('from[0].x["\\""]')
})

describe('what the server is strict about', () => {
  const check = (object: object): readonly string[] =>
    checkSecret(toBranch({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, ...object })).map(
      ({ severity, field, message }) => `${severity} ${field}: ${message}`,
    )

  test('a field that no Secret has', () => {
    const message = 'Kubernetes knows no such field here'
    expect(check({ stringdata: { a: 'x' }, sops: {} })).toEqual([
      `warning stringdata: ${message}`,
      `warning sops: ${message}`,
    ])
    expect(check({ type: 'Opaque', immutable: true, data: {}, stringData: {} })).toEqual([])
  })

  test('the size of all annotations', () => {
    const sized = (size: number): object => ({
      metadata: { name: 'x', annotations: { a: 'x'.repeat(100), b: 'é'.repeat(size / 2 - 51) } },
    })
    expect(check(sized(256 << 10))).toEqual([])
    expect(check(sized((256 << 10) + 2))).toEqual([
      'error metadata.annotations: they hold more than 256 KiB, the limit of Kubernetes',
    ])
  })

  test('a namespace that is null is none', () => {
    expect(check({ metadata: { name: 'x', namespace: null } })).toEqual([])
  })
})

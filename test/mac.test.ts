import { expect, test } from 'vitest'
import { Cipher } from '../src/cipher/aes-gcm.ts'
import { encryptMac, Mac, verifyMac } from '../src/mac.ts'
import { compileSelection } from '../src/tree/selection.ts'
import type { Branch, Scalar, Value } from '../src/tree/types.ts'
import { walk } from '../src/tree/walk.ts'

const key = Uint8Array.from({ length: 32 }, (_, index) => index)
const item = (key: string, value: Value) => ({ type: 'item' as const, key, value })
const str = (value: string): Scalar => ({ type: 'str', value })

// {"a":1,"b":{"c":true},"l":["x",1.5],"p_unencrypted":"clear","e":"","n":null}
const document: Branch = {
  type: 'branch',
  items: [
    item('a', { type: 'int', value: 1n }),
    item('b', { type: 'branch', items: [item('c', { type: 'bool', value: true })] }),
    item('l', { type: 'list', items: [str('x'), { type: 'float', value: 1.5 }] }),
    item('p_unencrypted', str('clear')),
    item('e', str('')),
    item('n', { type: 'null' }),
  ],
}

async function digest(onlyEncrypted: boolean): Promise<string> {
  const selector = await compileSelection({ by: 'unencrypted_suffix', suffix: '_unencrypted' })
  const mac = new Mac(onlyEncrypted)
  walk([document], selector(), ({ leaf, encrypted }) => {
    if (leaf.type !== 'comment') mac.add(leaf, encrypted)
  })
  return mac.digest()
}

// Both computed by sops 3.13.3.
test('the MAC of sops over all values', async () => {
  expect(await digest(false)).toBe(
    '1FBDB0ADE9F8B5D563211E67818AECC345CF3949EAC44C060CD3582D95D820A82BB34730C85A674032E1A2F74A1CB733B8A2349BCBC669E8A3F167B7B87E812A',
  )
})

test('the MAC of sops over the encrypted values only', async () => {
  expect(await digest(true)).toBe(
    'B55A0ABF4F355ABD6A429883C8F39C2EE50D896F92C16BF90664E4EAF3F032519C57C66147A79724942DA9ACD80C15BD43939086505034C71149EFD9C9E37A0D',
  )
})

test('a MAC is accepted only with its digest and its time', async () => {
  const cipher = new Cipher(key)
  const computed = await digest(false)
  const lastModified = '2024-01-02T03:04:05Z'
  const mac = encryptMac(computed, lastModified, cipher)
  expect(() => {
    verifyMac(computed, { mac, lastModified }, cipher)
  }).not.toThrow()
  for (const [value, metadata] of [
    [await digest(true), { mac, lastModified }],
    [computed, { mac, lastModified: '2024-01-02T03:04:06Z' }],
    [computed, { mac: '', lastModified }],
    [computed, { mac: 'ENC[x]', lastModified }],
  ] as const) {
    expect(() => {
      verifyMac(value, metadata, cipher)
    }).toThrow(expect.objectContaining({ code: 'ERR_SOPS_MAC' }))
  }
})

test('the error of a wrong MAC holds neither of the two hashes', async () => {
  const cipher = new Cipher(key)
  const [all, some] = [await digest(false), await digest(true)]
  const mac = encryptMac(all, '2024-01-02T03:04:05Z', cipher)
  try {
    verifyMac(some, { mac, lastModified: '2024-01-02T03:04:05Z' }, cipher)
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toContain(all)
    expect(String(error)).not.toContain(some)
  }
})

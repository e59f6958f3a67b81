// The library in a few lines: node examples/library/run.mjs (in a project of your own, import from 'tsops')
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { decrypt, encrypt, update } from '../../dist/src/index.js'

const identity = await generateX25519Identity()
process.env.SOPS_AGE_KEY = identity

const rule = { keyGroups: [[{ type: 'age', id: await identityToRecipient(identity), enc: '' }]] }
const encrypted = await encrypt(Buffer.from('user: shop # the owner\npassword: hunter2\n'), rule, { format: 'yaml' })
const updated = await update(encrypted, Buffer.from('user: shop # the owner\npassword: hunter3\n'), { format: 'yaml' })
const decrypted = await decrypt(updated, { format: 'yaml' })

const line = (file, key) =>
  Buffer.from(file)
    .toString()
    .split('\n')
    .find((text) => text.startsWith(key))
console.log(Buffer.from(updated).toString())
console.log(Buffer.from(decrypted).toString())
console.log('the ciphertext of user is kept:', line(encrypted, 'user') === line(updated, 'user'))
if (Buffer.from(decrypted).toString() !== 'user: shop # the owner\npassword: hunter3\n') process.exitCode = 1
if (line(encrypted, 'user') !== line(updated, 'user')) process.exitCode = 1

/** The CLI's way to receipts: keys of this installation and signatures. */
export { ownReceiptKey, parsePublicKey, verifySignature } from '../adapters/receipts/key-pair.js';

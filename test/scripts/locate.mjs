/** A process of its own that looks for the Temporal server and prints where it came from. */
import { locateTemporal } from '../../scripts/lib/temporal-server.mjs';

const found = await locateTemporal({ env: process.env });
console.log(found.kind === 'binary' ? found.from : found.kind);

/** What a stored delivery asks for is done here, so that its sender has an answer at once. The Workflow Id is the delivery's. */
import type { DeliveryKey } from '../domain/triggers/ports.js';
import { deliveries } from './proxies/delivery.js';

export function delivery(key: DeliveryKey): Promise<{ sentence: string; executions: readonly string[] }> {
  return deliveries.routeDelivery.executeWithOptions({ summary: `${key.source} ${key.id}`.slice(0, 190) }, [key]);
}

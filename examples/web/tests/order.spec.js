import { expect, test } from '@playwright/test';

test.beforeEach(async ({ page }) => {
  await page.goto(new URL('../index.html', import.meta.url).href);
});

const order = async (page, email) => {
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Order' }).click();
};

test.describe('what is refused', () => {
  for (const email of ['', 'ada', 'ada@', 'ada@example', 'a b@example.com']) {
    test(`the address "${email}"`, async ({ page }) => {
      await order(page, email);
      await expect(page.getByRole('alert')).toHaveText('This is not an e-mail address.');
    });
  }
  for (const quantity of ['0', '21', '1.5']) {
    test(`a quantity of ${quantity}`, async ({ page }) => {
      await page.getByLabel('Quantity').fill(quantity);
      await order(page, 'ada@example.com');
      await expect(page.getByRole('alert')).toHaveText('Between 1 and 20, please.');
    });
  }
});

test('says thank you', async ({ page }) => {
  await page.getByLabel('Quantity').fill('2');
  await order(page, 'ada@example.com');
  await expect(page.getByRole('status')).toHaveText('Thank you! 2 × Assam, 250 g for 15.88 EUR.');
});

test('cannot be sent twice', async ({ page }) => {
  await order(page, 'ada@example.com');
  await expect(page.getByRole('button', { name: 'Order' })).toBeDisabled();
});

// The answer takes 200 to 800 ms: half a second is enough every second time.
test('is quick', async ({ page }) => {
  await order(page, 'ada@example.com');
  await expect(page.getByRole('status')).toBeVisible({ timeout: 500 });
});

test.skip('remembers the address', async ({ page }) => {
  await order(page, 'ada@example.com');
  await page.reload();
  await expect(page.getByLabel('E-mail')).toHaveValue('ada@example.com');
});

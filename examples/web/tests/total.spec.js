import { expect, test } from '@playwright/test';

test.beforeEach(async ({ page }) => {
  await page.goto(new URL('../index.html', import.meta.url).href);
});

test('shows the price with shipping', async ({ page }) => {
  await expect(page.locator('#total')).toHaveText('9.39 EUR');
});

test('follows the quantity', async ({ page }) => {
  await page.getByLabel('Quantity').fill('3');
  await expect(page.locator('#total')).toHaveText('22.37 EUR');
});

test('follows the kind of tea', async ({ page }) => {
  await page.getByLabel('Tea', { exact: true }).selectOption({ label: 'Peppermint, 100 g' });
  await expect(page.locator('#total')).toHaveText('6.69 EUR');
});

test('is free of shipping for a large order', async ({ page }) => {
  await page.getByLabel('Quantity').fill('5');
  await expect(page.locator('#total')).toHaveText('32.45 EUR');
});

// "From 30 EUR" includes 30 EUR; the page asks for more than that.
test('is free of shipping from exactly 30 EUR', async ({ page }) => {
  await page.evaluate(() => {
    document.querySelector('option').value = '600';
  });
  await page.getByLabel('Quantity').fill('5');
  await expect(page.locator('#total')).toHaveText('30.00 EUR', { timeout: 1000 });
});

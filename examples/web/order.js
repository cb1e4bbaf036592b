(() => {
  const $ = (id) => document.getElementById(id);
  const SHIPPING = 290;
  const FREE_FROM = 3000;

  function total() {
    const goods = Number($('tea').value) * Number($('quantity').value);
    return goods > FREE_FROM ? goods : goods + SHIPPING;
  }

  function show() {
    $('total').value = `${(total() / 100).toFixed(2)} EUR`;
  }

  function problem() {
    const quantity = Number($('quantity').value);
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > 20) return 'Between 1 and 20, please.';
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test($('email').value)) return 'This is not an e-mail address.';
    return '';
  }

  /** The shop's server answers after a while, sooner or later. */
  const send = () => new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 600));

  document.querySelector('form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = problem();
    $('error').textContent = text;
    $('error').hidden = text === '';
    if (text !== '') return;
    document.querySelector('button').disabled = true;
    await send();
    document.querySelector('form').hidden = true;
    $('done').textContent = `Thank you! ${$('quantity').value} × ${$('tea').selectedOptions[0].text} for ${$('total').value}.`;
    $('done').hidden = false;
  });
  $('tea').addEventListener('change', show);
  $('quantity').addEventListener('input', show);
  show();
})();

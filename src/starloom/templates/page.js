// Without this script every link still leads to its file or place; it only makes that quicker.
(() => {
  const unfold = () => {
    let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    const row = place.closest("tr");
    const next = row && row.nextElementSibling;
    const chain = next && next.classList.contains("origins") && next.querySelector("details");
    if (chain) chain.open = true;
    for (let node = place; node; node = node.parentElement)
      if (node.tagName === "DETAILS") node.open = true;
    place.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  const large = document.getElementById("large");
  for (const link of document.querySelectorAll("a.enlarge"))
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || !large.showModal) return;
      event.preventDefault();
      const small = link.querySelector("img");
      const image = large.querySelector("img");
      image.src = small.src;
      image.alt = small.alt;
      large.querySelector("p").textContent =
        link.parentElement.querySelector("figcaption strong").textContent;
      large.showModal();
    });
  large.addEventListener("click", (event) => event.target === large && large.close());

  const search = document.getElementById("search");
  if (search)
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of document.querySelectorAll("#found tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      document.getElementById("count").textContent = shown + " columns";
    });
})();

package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.markup.html.basic.Label;
import org.apache.wicket.markup.html.link.Link;

/** Keeps the cart of the session in a field of its own, which Wicket advises against. */
public final class CartPage extends WebPage {

  private static final long serialVersionUID = 1L;

  private final Cart cart = ShopSession.current().cart();

  /** Is called by Wicket. */
  public CartPage() {
    add(new Label("ofThePage", () -> cart.items()));
    add(new Label("ofTheSession", () -> ShopSession.current().cart().items()));
    add(
        new Link<Void>("add") {
          private static final long serialVersionUID = 1L;

          @Override
          public void onClick() {
            cart.add();
          }
        });
  }
}

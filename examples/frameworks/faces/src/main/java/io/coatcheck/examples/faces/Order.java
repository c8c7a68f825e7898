package io.coatcheck.examples.faces;

import jakarta.enterprise.context.Conversation;
import jakarta.enterprise.context.ConversationScoped;
import jakarta.inject.Inject;
import jakarta.inject.Named;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** An order in several steps; each tab can have its own. */
@Named
@ConversationScoped
@SuppressWarnings(
    "serial") // The injected proxies and the list are serializable; their declared types do not say
// so.
public class Order implements Serializable {

  private static final long serialVersionUID = 1L;

  @Inject private Conversation conversation;
  @Inject private User user;

  private final List<String> items = new ArrayList<>();
  private String item = "";

  public List<String> getItems() {
    return items;
  }

  public String getItem() {
    return item;
  }

  public void setItem(String item) {
    this.item = item;
  }

  public String getConversationId() {
    return conversation.isTransient() ? "none" : conversation.getId();
  }

  public String getCustomer() {
    return user.getName();
  }

  public String add() {
    if (conversation.isTransient()) {
      conversation.begin();
    }
    items.add(item);
    item = "";
    return "order?faces-redirect=true";
  }

  public String finish() {
    conversation.end();
    return "order?faces-redirect=true";
  }
}

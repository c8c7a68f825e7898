package io.coatcheck.examples.frameworks.struts;

import java.util.Map;
import org.apache.struts2.ActionSupport;
import org.apache.struts2.action.SessionAware;
import org.apache.struts2.dispatcher.SessionMap;
import org.apache.struts2.interceptor.parameter.StrutsParameter;

/** The actions of a visitor in the shop. */
public final class ShopAction extends ActionSupport implements SessionAware {

  private static final long serialVersionUID = 1L;
  private static final String ORDERS = "orders";

  private transient Map<String, Object> session = Map.of();
  private String text = "";
  private int ordersByNow;

  @Override
  public void withSession(Map<String, Object> session) {
    this.session = session;
  }

  /** Sets the text of the visitor. */
  @StrutsParameter
  public void setText(String text) {
    this.text = text;
  }

  /** Returns how much was ordered in this session. */
  public int getOrders() {
    return (int) session.getOrDefault(ORDERS, 0);
  }

  /** Returns how much had been ordered when this action was done. */
  public int getOrdersByNow() {
    return ordersByNow;
  }

  /** Shows the page. */
  public String show() {
    return SUCCESS;
  }

  /** Orders one more. */
  public String order() {
    ordersByNow = getOrders() + 1;
    session.put(ORDERS, ordersByNow);
    addActionMessage("ordered");
    return SUCCESS;
  }

  /** Ends the session and begins another one, with a first order. */
  public String anew() {
    ((SessionMap) session).invalidate();
    session.put(ORDERS, 1);
    return SUCCESS;
  }

  /** Shows the text on the next page. */
  public String say() {
    if (text.isEmpty()) {
      addFieldError("text", "is missing");
      addActionError("nothing said");
      return INPUT;
    }
    addActionMessage("said " + text);
    return SUCCESS;
  }
}

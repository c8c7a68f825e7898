package io.coatcheck.examples.frameworks.wicket;

import org.apache.wicket.ajax.AjaxRequestTarget;
import org.apache.wicket.ajax.markup.html.AjaxLink;
import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.markup.html.basic.Label;
import org.apache.wicket.markup.html.form.Form;
import org.apache.wicket.markup.html.form.TextField;
import org.apache.wicket.markup.html.link.Link;
import org.apache.wicket.markup.html.panel.FeedbackPanel;
import org.apache.wicket.model.Model;

/** A page that counts, by links, by Ajax, and takes a form. */
public final class HomePage extends WebPage {

  private static final long serialVersionUID = 1L;

  private int clicks;
  private int ajaxClicks;

  /** Is called by Wicket. */
  public HomePage() {
    add(new Label("user", () -> ShopSession.current().user()));
    add(new Label("clicks", () -> clicks));
    Label ajax = new Label("ajaxClicks", () -> ajaxClicks);
    add(ajax.setOutputMarkupId(true));
    add(
        new Link<Void>("click") {
          private static final long serialVersionUID = 1L;

          @Override
          public void onClick() {
            clicks++;
          }
        });
    add(
        new AjaxLink<Void>("ajaxClick") {
          private static final long serialVersionUID = 1L;

          @Override
          public void onClick(AjaxRequestTarget target) {
            ajaxClicks++;
            target.add(ajax);
          }
        });
    Model<String> note = new Model<>("");
    Form<Void> form =
        new Form<>("form") {
          private static final long serialVersionUID = 1L;

          @Override
          protected void onSubmit() {
            getSession().success("noted " + note.getObject());
          }
        };
    add(form.add(new TextField<>("note", note).setRequired(true)));
    add(new FeedbackPanel("feedback"));
  }
}

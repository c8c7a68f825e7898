package io.coatcheck.examples.frameworks.wicket;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import java.nio.file.Path;
import java.util.EnumSet;
import org.apache.wicket.Page;
import org.apache.wicket.RuntimeConfigurationType;
import org.apache.wicket.authroles.authentication.AbstractAuthenticatedWebSession;
import org.apache.wicket.authroles.authentication.AuthenticatedWebApplication;
import org.apache.wicket.markup.html.WebPage;
import org.apache.wicket.protocol.http.WicketFilter;

/** The application, with its pages and where it keeps them. */
public final class Shop extends AuthenticatedWebApplication {

  private static final String PAGES = "pages";

  /**
   * Registers the shop.
   *
   * @param pages the folder of the pages that people have open; another start goes on with them
   */
  public static void register(ServletContext context, Path pages) {
    context.setInitParameter(PAGES, pages.toString());
    WicketFilter wicket = new WicketFilter();
    var filter = context.addFilter("wicket", wicket);
    filter.setInitParameter("applicationClassName", Shop.class.getName());
    filter.setInitParameter(WicketFilter.FILTER_MAPPING_PARAM, "/*");
    filter.addMappingForUrlPatterns(
        EnumSet.of(DispatcherType.REQUEST, DispatcherType.ERROR), true, "/*");
  }

  @Override
  public RuntimeConfigurationType getConfigurationType() {
    return RuntimeConfigurationType.DEPLOYMENT;
  }

  @Override
  protected void init() {
    super.init();
    getStoreSettings()
        .setFileStoreFolder(Path.of(getServletContext().getInitParameter(PAGES)).toFile());
    mountPage("/login", LoginPage.class);
    mountPage("/account", AccountPage.class);
    mountPage("/order", OrderPage.class);
    mountPage("/cart", CartPage.class);
  }

  @Override
  public Class<? extends Page> getHomePage() {
    return HomePage.class;
  }

  @Override
  protected Class<? extends AbstractAuthenticatedWebSession> getWebSessionClass() {
    return ShopSession.class;
  }

  @Override
  protected Class<? extends WebPage> getSignInPageClass() {
    return LoginPage.class;
  }
}

package io.coatcheck.examples.frameworks.struts;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import java.util.EnumSet;
import org.apache.struts2.dispatcher.filter.StrutsPrepareAndExecuteFilter;

/** Registers Struts, which finds the actions in {@code struts.xml}. */
public final class Shop {

  private Shop() {}

  /** Registers the shop. */
  public static void register(ServletContext context) {
    context
        .addFilter("struts", StrutsPrepareAndExecuteFilter.class)
        .addMappingForUrlPatterns(
            EnumSet.of(DispatcherType.REQUEST, DispatcherType.FORWARD), true, "/*");
  }
}

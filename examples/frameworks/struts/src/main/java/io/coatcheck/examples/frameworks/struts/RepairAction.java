package io.coatcheck.examples.frameworks.struts;

import java.util.concurrent.Semaphore;
import org.apache.struts2.ActionSupport;

/** Works for longer than a visitor waits for a page. */
public final class RepairAction extends ActionSupport {

  /** Lets one repair after the other be finished. */
  static final Semaphore FINISH = new Semaphore(0);

  private static final long serialVersionUID = 1L;

  private String coat = "";

  /** Returns what was repaired. */
  public String getCoat() {
    return coat;
  }

  @Override
  public String execute() throws InterruptedException {
    FINISH.acquire();
    coat = "the coat";
    return SUCCESS;
  }
}

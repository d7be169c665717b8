defmodule Printer do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def print(page), do: GenServer.cast(__MODULE__, {:print, page})
  def status, do: GenServer.call(__MODULE__, :status, 120)
  @impl true
  def init(n), do: {:ok, n}
  @impl true
  def handle_cast({:print, page}, n) do
    Paper.feed(page)
    {:noreply, n + 1}
  end

  @impl true
  def handle_call(:status, _from, n), do: {:reply, {:printed, n}, n}
end

defmodule Paper do
  # BUG: the server itself waits for the paper.
  def feed(_page), do: if(5 > 0, do: Process.sleep(5))
end

defmodule Office do
  def pages(n) do
    for page <- 1..n do
      Printer.print(page)
      Process.sleep(1)
    end
  end
end

defmodule Main do
  def run do
    {:ok, _} = Printer.start_link()
    Office.pages(60)
    {_, ref} = spawn_monitor(fn -> Printer.status() end)
    receive do: ({:DOWN, ^ref, _, _, _} -> :ok)
    Process.sleep(150)
    Printer.status()
  end
end

defmodule Lobby do
  use GenServer
  def start_link, do: GenServer.start_link(__MODULE__, [], name: __MODULE__)
  def wait, do: GenServer.call(__MODULE__, :wait, 100)
  def open, do: GenServer.call(__MODULE__, :open)
  @impl true
  def init(waiting), do: {:ok, waiting}
  @impl true
  # BUG: nobody keeps the caller, so nobody answers it.
  def handle_call(:wait, from, waiting), do: (_ = from; {:noreply, waiting})
  def handle_call(:open, _from, waiting) do
    for from <- waiting, do: GenServer.reply(from, :opened)
    {:reply, :ok, []}
  end
end

defmodule Main do
  def run do
    {:ok, _} = Lobby.start_link()
    guests = for _ <- 1..2, do: spawn_monitor(fn -> Lobby.wait() end)
    Process.sleep(20)
    Lobby.open()
    for {_, ref} <- guests, do: receive(do: ({:DOWN, ^ref, _, _, _} -> :ok))
  end
end
